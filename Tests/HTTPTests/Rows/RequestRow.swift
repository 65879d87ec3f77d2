import HTTP
import HTTPTypes
import Testing

/// Bytes of a connection and what they must lead to, by the row of the table of bad inputs that this server answers
/// for (H1 to H64).
struct RequestRow: CustomTestStringConvertible, Sendable {
    let row: String
    let bytes: [UInt8]
    /// Each request as `METHOD /segments body`, then the status of the error, if there is one.
    let expected: [String]

    init(_ row: String, _ text: String, _ expected: String...) {
        self.init(row, Array(text.utf8), expected)
    }

    init(_ row: String, _ bytes: [UInt8], _ expected: [String]) {
        (self.row, self.bytes, self.expected) = (row, bytes, expected)
    }

    var testDescription: String { "\(row) \(String(decoding: bytes.prefix(60), as: UTF8.self).debugDescription)" }

    static let all = framing + lengths + chunks + lines

    /// A POST to /a with these header lines.
    static func post(_ row: String, _ fields: String, _ body: String, _ expected: String...) -> RequestRow {
        RequestRow(row, Array("POST /a HTTP/1.1\r\nHost: h\r\n\(fields)\r\n\(body)".utf8), expected)
    }

    static func get(_ row: String, _ fields: String, _ expected: String...) -> RequestRow {
        RequestRow(row, Array("GET / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n".utf8), expected)
    }

    static func chunked(_ row: String, _ body: String, _ expected: String...) -> RequestRow {
        RequestRow(
            row, Array("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\(body)".utf8), expected)
    }

    static func line(_ row: String, _ line: String, _ expected: String...) -> RequestRow {
        RequestRow(row, Array("\(line)\r\nHost: h\r\n\r\n".utf8), expected)
    }

    static func name(_ method: HTTPRequest.Method, _ target: RequestTarget) -> String {
        "\(method) " + (target.isAsterisk ? "*" : "/" + target.segments.joined(separator: "|"))
    }

    /// What the parser makes of pieces of bytes.
    static func outcome(_ pieces: [[UInt8]]) -> [String] {
        var parser = RequestParser()
        var outcome: [String] = []
        var head = ""
        do throws(RequestError) {
            for piece in pieces {
                parser.append(piece)
                while let event = try parser.next() {
                    switch event {
                    case .head(let parsed):
                        head = name(parsed.method, parsed.target) + (parsed.expectsContinue ? " continue" : "")
                    case .body(let body):
                        outcome.append(head + (body.isEmpty ? "" : " " + String(decoding: body, as: UTF8.self)))
                    }
                }
            }
        } catch {
            outcome.append("\(error.status.code)")
        }
        return outcome
    }
}

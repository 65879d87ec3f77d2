import HTTP
import Testing

struct MultipartParserTests {
    private static let type = "multipart/form-data; boundary=\"b-1\""

    /// Names, file names and data of the parts, in one text, however the body is cut.
    private func parse(_ body: String, pieces: Int, type: String = Self.type) throws -> String {
        var parser = try MultipartParser(contentType: type)
        let bytes = Array(body.utf8)
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            parser.append(Array(bytes[start..<min(start + pieces, bytes.count)]))
            while let event = try parser.next() {
                switch event {
                case .part(let name, let filename): text += "[\(name)|\(filename ?? "-")]"
                case .data(let data): text += String(decoding: data, as: UTF8.self)
                case .end: text += "."
                }
            }
        }
        return text
    }

    private func part(_ disposition: String, _ data: String, padding: String = "") -> String {
        "--b-1\(padding)\r\nContent-Disposition: form-data; \(disposition)\r\nX-Other: 1\r\n\r\n\(data)\r\n"
    }

    @Test func `parts are the same wherever the body is cut`() throws {
        let body =
            "before\r\n" + part("name=\"purpose\"", "batch")
            + part("name=file; filename=\"a \\\"b\\\"; c.jsonl\"", "x\r\n--b-\r\n\r\r\n--b-2\n--b-1", padding: " \t")
            + part("name=\"empty\"", "") + "--b-1--\r\nbehind --b-1\r\n"
        let whole = "[purpose|-]batch[file|a \"b\"; c.jsonl]x\r\n--b-\r\n\r\r\n--b-2\n--b-1[empty|-]."
        // A boundary at the beginning of a line ends the part, also where the text behind it is longer: RFC 2046 5.1.1
        // forbids it in data. So the data above holds only beginnings of it, and lines that end in a bare line feed.
        for pieces in 1...body.utf8.count { #expect(try parse(body, pieces: pieces) == whole) }
    }

    @Test(arguments: [
        ("--b-1\r\nX: 1\r\n\r\nx\r\n--b-1--", "no Content-Disposition"),
        ("--b-1\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b-1--", "no form-data with a name"),
        ("--b-1 x\r\n", "behind a boundary"), ("--b-1\nContent", "behind a boundary"),
        ("--b-1\r\nContent-Disposition form-data\r\n\r\n", "no colon"),
    ])
    func `what is malformed is refused with the rule`(body: String, reason: String) {
        for pieces in [1, body.utf8.count] {
            #expect { try parse(body, pieces: pieces) } throws: { "\($0)".contains(reason) }
        }
    }

    @Test func `the number of parts and the size of headers are limited`() {
        let many = String(repeating: part("name=a", "x"), count: 33)
        #expect(throws: MultipartError.tooManyParts(limit: 32)) { try parse(many, pieces: 500) }
        let long = part("name=a", "x").replacing("X-Other: 1", with: "X: " + String(repeating: "y", count: 9000))
        #expect(throws: MultipartError.headersTooLong(limit: 8192)) { try parse(long, pieces: 500) }
    }

    @Test(arguments: [
        "application/json", "multipart/form-data", "multipart/form-data; boundary=", "text/plain; boundary=x",
    ])
    func `other content types are refused`(type: String) {
        #expect(throws: MultipartError.self) { try MultipartParser(contentType: type) }
    }
}

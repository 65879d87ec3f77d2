import HTTP
import HTTPTypes
import Testing

struct ResponseParserTests {
    private struct Outcome: Equatable {
        var status = 0
        var body = ""
        var isWhole = false
    }

    /// What comes out when the text is fed in pieces of the given size.
    private func parse(_ text: String, piece: Int, atEnd: Bool = false) throws -> Outcome {
        var parser = ResponseParser()
        var outcome = Outcome()
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: piece) {
            parser.feed(Array(bytes[start..<min(start + piece, bytes.count)]))
            while !outcome.isWhole, let next = try parser.next() { take(next, &outcome) }
        }
        while atEnd, !outcome.isWhole, let next = try parser.next(atEnd: true) { take(next, &outcome) }
        return outcome
    }

    private func take(_ piece: ResponseParser.Piece, _ outcome: inout Outcome) {
        switch piece {
        case .head(let head): outcome.status = head.status.code
        case .body(let bytes): outcome.body += String(decoding: bytes, as: UTF8.self)
        case .end: outcome.isWhole = true
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ])
    func `reads a body however it is cut`(text: String) throws {
        for piece in 1...text.utf8.count {
            #expect(try parse(text, piece: piece) == Outcome(status: 200, body: "hello", isWhole: true))
        }
    }

    @Test func `a body without length ends with the connection`() throws {
        let outcome = try parse("HTTP/1.0 200 OK\r\n\r\nhello", piece: 4, atEnd: true)
        #expect(outcome == Outcome(status: 200, body: "hello", isWhole: true))
    }

    @Test func `a cut body is an error`() {
        #expect(throws: ClientError.disconnected) {
            try parse("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", piece: 4, atEnd: true)
        }
    }

    @Test(arguments: [
        "SSH-2.0\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 200 OK\r\nbad line\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ])
    func `refuses what is not HTTP`(text: String) {
        #expect(throws: ClientError.self) { try parse(text, piece: 7) }
    }
}

import HTTP
import HTTPTypes
import TestSupport
import Testing

/// Limits, and inputs that are too long for the table of `RequestRow`.
struct RequestParserTests {
    @Test(arguments: [
        (8192, "GET /a"), (8193, "414"), (102_400, "414"),
    ])
    func `H22 takes a request line of 8 KiB and no more`(_ length: Int, _ expected: String) {
        let fixed = "GET / HTTP/1.1".utf8.count
        let text = "GET /\(String(repeating: "a", count: length - fixed)) HTTP/1.1\r\nHost: h\r\n\r\n"
        for pieces in [[Array(text.utf8)], text.utf8.map { [$0] }] {
            #expect(RequestRow.outcome(pieces).map { String($0.prefix(6)) } == [expected])
        }
    }

    @Test func `H22 refuses an endless request line before it ends`() {
        #expect(RequestRow.outcome([Array(repeating: UInt8(ascii: "A"), count: 8194)]) == ["414"])
    }

    @Test(arguments: [(8192, "GET /"), (8193, "431"), (1 << 20, "431")])
    func `H23 takes a header line of 8 KiB and no more`(_ length: Int, _ expected: String) {
        let text = "GET / HTTP/1.1\r\nHost: h\r\nX: \(String(repeating: "a", count: length - 3))\r\n\r\n"
        #expect(RequestRow.outcome([Array(text.utf8)]) == [expected])
        if length < 10_000 { #expect(RequestRow.outcome(text.utf8.map { [$0] }) == [expected]) }
    }

    @Test(arguments: [(100, "GET /"), (101, "431"), (5000, "431")])
    func `H24 takes a hundred headers and answers once to more`(_ count: Int, _ expected: String) {
        let lines = (1..<count).map { "X-\($0): a\r\n" }.joined()
        #expect(RequestRow.outcome([Array("GET / HTTP/1.1\r\nHost: h\r\n\(lines)\r\n".utf8)]) == [expected])
    }

    @Test func `takes a header section of 32 KiB and no more`() {
        let line = "X: \(String(repeating: "a", count: 4091))\r\n"
        for (count, expected) in [(7, "GET /"), (8, "431")] {
            let text = "GET / HTTP/1.1\r\nHost: h\r\n\(String(repeating: line, count: count))\r\n"
            #expect(RequestRow.outcome([Array(text.utf8)]) == [expected])
            #expect(RequestRow.outcome(text.utf8.map { [$0] }) == [expected])
        }
    }

    @Test(arguments: [(65_536, "POST /a"), (65_537, "400"), (1_000_000, "400")])
    func `H20 takes 65,536 chunks and no more`(_ count: Int, _ expected: String) {
        let body = String(repeating: "1\r\na\r\n", count: count) + "0\r\n\r\n"
        let text = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\(body)"
        #expect(RequestRow.outcome([Array(text.utf8)]).map { String($0.prefix(7)) } == [expected])
    }

    @Test func `H18 and H19 bound extensions and trailers by 16 KiB in total`() {
        let head = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        let piece = "1;a=\(String(repeating: "b", count: 4093))\r\na\r\n"
        for (count, expected) in [(4, "POST /a aaaa"), (5, "400")] {
            let text = head + String(repeating: piece, count: count) + "0\r\n\r\n"
            #expect(RequestRow.outcome([Array(text.utf8)]) == [expected])
            #expect(RequestRow.outcome(text.utf8.map { [$0] }) == [expected])
        }
        let trailer = "X: \(String(repeating: "a", count: 4000))\r\n"
        for (count, expected) in [(4, "POST /a"), (5, "400")] {
            let text = head + "0\r\n" + String(repeating: trailer, count: count) + "\r\n"
            #expect(RequestRow.outcome([Array(text.utf8)]).first?.hasPrefix(expected) == true)
        }
    }

    @Test func `H64 survives mutations of valid requests, the same whole and cut`() {
        var random = SplitMix64(seed: 64)
        let inserts: [[UInt8]] = [[13], [10], [13, 10], [0], [58], [9], [32], [255]]
        let valid = (RequestRow.framing + RequestRow.chunks + RequestRow.lines).filter {
            $0.expected.first?.contains(" ") == true
        }
        for item in valid {
            for _ in 0..<100 {
                var bytes = item.bytes
                let position = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes.remove(at: position)
                case 1: bytes[position] = .random(in: 0...255, using: &random)
                default: bytes.insert(contentsOf: inserts.randomElement(using: &random) ?? [], at: position)
                }
                let whole = RequestRow.outcome([bytes])
                #expect(RequestRow.outcome(bytes.map { [$0] }) == whole)
                #expect(whole.filter { Int($0) != nil }.count <= 1)
            }
        }
    }

    @Test func `repeats its error for whatever comes after it`() {
        var parser = RequestParser()
        parser.append(Array("GET / HTTP/9.9\r\n".utf8))
        #expect(throws: RequestError.unsupportedVersion) { try parser.next() }
        parser.append(Array("GET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8))
        #expect(throws: RequestError.unsupportedVersion) { try parser.next() }
    }

    @Test func `splits the query and decodes it once`() throws {
        let target = try RequestTarget(parsing: Array("/a%2Fb?x=1+2&y=%2525&z&=".utf8)[...], method: .get)
        #expect(target.segments == ["a/b"])
        #expect(target.query.map(\.name) == ["x", "y", "z", ""])
        #expect(target.query.map(\.value) == ["1 2", "%25", "", ""])
    }
}

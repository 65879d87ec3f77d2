import HTTP
import HTTPTypes
import Testing

/// Row names are those of the table of bad inputs that this server answers for (H1 to H64).
struct RequestParserTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let row: String
        let bytes: [UInt8]
        let expected: [String]

        init(_ row: String, _ text: String, _ expected: String...) {
            self.init(row, Array(text.utf8), expected)
        }

        init(_ row: String, _ bytes: [UInt8], _ expected: [String]) {
            (self.row, self.bytes, self.expected) = (row, bytes, expected)
        }

        var testDescription: String { "\(row) \(String(decoding: bytes.prefix(60), as: UTF8.self).debugDescription)" }

        /// A POST to /a with these header lines.
        static func post(_ row: String, _ fields: String, _ body: String, _ expected: String...) -> Case {
            Case(row, Array("POST /a HTTP/1.1\r\nHost: h\r\n\(fields)\r\n\(body)".utf8), expected)
        }

        static func get(_ row: String, _ fields: String, _ expected: String...) -> Case {
            Case(row, Array("GET / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n".utf8), expected)
        }

        static func chunked(_ row: String, _ body: String, _ expected: String...) -> Case {
            Case(row, Array("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\(body)".utf8), expected)
        }

        static func line(_ row: String, _ line: String, _ expected: String...) -> Case {
            Case(row, Array("\(line)\r\nHost: h\r\n\r\n".utf8), expected)
        }
    }

    static let framing: [Case] = [
        .post("H1", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", "400"),
        .post("H1", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n", "400"),
        .post("H2", "Content-Length: 3\r\nContent-Length: 4\r\n", "abc", "400"),
        .post("H3", "Content-Length: 3\r\nContent-Length: 3\r\n", "abc", "400"),
        .post("H3", "Content-Length: 1, 1\r\n", "a", "400"),
        .post("H5", "Content-Length: 9223372036854775808\r\n", "", "413"),
        .post("H5", "Content-Length: 18446744073709551616\r\n", "", "413"),
        .post("H5", "Content-Length: 1000000000000000000000\r\n", "", "413"),
        .post("H6", "Transfer-Encoding: identity\r\n", "", "501"),
        .post("H6", "Transfer-Encoding: gzip\r\n", "", "501"),
        .post("H6", "Transfer-Encoding: chunked, identity\r\n", "", "400"),
        .post("H6", "Transfer-Encoding:\r\n", "", "400"),
        .post("H7", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "", "400"),
        .post("H7", "Transfer-Encoding: ,chunked\r\n", "", "400"),
        .post("H7", "Transfer-Encoding: xchunked\r\n", "", "400"),
        .post("H7", "Transfer-Encoding: \"chunked\"\r\n", "", "400"),
        .post("H7", "Transfer-Encoding: \u{0B}chunked\r\n", "", "400"),
        .post("H7", "Transfer-Encoding: \u{A0}chunked\r\n", "", "400"),
        .post("H8", "Transfer-Encoding: chun\u{212A}ed\r\n", "", "400"),
        Case("H9", "POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
        .get("H10", "Accept : a\r\n", "400"),
        .get("H10", "Accept\t: a\r\n", "400"),
        Case("H10", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", "400"),
        .get("H11", "Accept: a\r\n b\r\n", "400"),
        Case("H12", "GET / HTTP/1.1\nHost: h\n\n", "400"),
        Case("H12", "GET / HTTP/1.1\r\nHost: h\nAccept: a\r\n\r\n", "400"),
        Case("H12", "GET / HTTP/1.1\r\nHost: h\r\n\n", "400"),
        .get("H13", "Accept: a\rb\r\n", "400"),
        .get("H13", "Accept: a\u{0}b\r\n", "400"),
        .get("H13", "Accept: a\u{7F}b\r\n", "400"),
        .get("H13", "Acc(ept: a\r\n", "400"),
        .get("H13", ": a\r\n", "400"),
        .get("H13", "Accept\r\n", "400"),
        .get("H14", "Accept: é\r\n", "GET /"),
        .get("H13", "Accept: a\tb\r\n", "GET /"),
        .post("ok", "Content-Length: 3\r\n", "abc", "POST /a abc"),
        .post("ok", "Content-Length: 003\r\n", "abc", "POST /a abc"),
        .post("ok", "transfer-ENCODING: Chunked\r\n", "3\r\nabc\r\n0\r\n\r\n", "POST /a abc"),
        .post("415", "Content-Encoding: br\r\nContent-Length: 1\r\n", "a", "415"),
        .post("415", "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n", "a", "415"),
        .post("400", "Content-Encoding: gzip\r\nContent-Length: 1\r\n", "a", "400"),
        .post("ok", "Content-Encoding: identity\r\nContent-Length: 1\r\n", "a", "POST /a a"),
    ]

    static let lengths: [Case] = ["+1", "-1", "0x1", "1_0", "1Z", "1.0", "1 1", "", "\u{A0}1", "\u{FF11}"].map {
        .post("H4", "Content-Length: \($0)\r\n", "aaaaaaaaaa", "400")
    }

    static let chunks: [Case] =
        ["0x1", "+1", "-1", "1_0", "", "1Z", "00000000000000001", " 1", "1 ", "1 ;a"].map {
            .chunked("H15", "\($0)\r\na\r\n0\r\n\r\n", "400")
        } + [
            .chunked("H16", "2000001\r\n", "413"),
            .chunked("H16", "FFFFFFFFFFFFFFFF\r\n", "413"),
            .chunked("H16", "1\r\na\r\n2000000\r\n", "413"),
            .chunked("H17", "1\na\r\n0\r\n\r\n", "400"),
            .chunked("H17", "1\rXa\r\n0\r\n\r\n", "400"),
            .chunked("H17", "1;a\nb\r\na\r\n0\r\n\r\n", "400"),
            .chunked("H17", "1\r\naX\r\n0\r\n\r\n", "400"),
            .chunked("H17", "1\r\na\n0\r\n\r\n", "400"),
            .chunked("H17", "4\r\nSEE-THIS\r\n0\r\n\r\n", "400"),
            .chunked("H18", "1;a;b=c;d=\"e;\\\"f\"\r\na\r\n0;last\r\n\r\n", "POST /a a"),
            .chunked("H18", "1;a=\"b\r\na\r\n0\r\n\r\n", "400"),
            .chunked("H18", "1;\r\na\r\n0\r\n\r\n", "400"),
            .chunked("H19", "1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n", "POST /a a"),
            .chunked("H19", "1\r\na\r\n0\r\nContent-Length: 9\r\nHost: evil\r\n\r\n", "POST /a a"),
            .chunked("H19", "1\r\na\r\n0\r\nX Sum: 1\r\n\r\n", "400"),
            .chunked("ok", "0\r\n\r\n", "POST /a"),
            .chunked("ok", "A\r\n0123456789\r\n1\r\na\r\n0\r\n\r\n", "POST /a 0123456789a"),
        ]

    static let lines: [Case] = [
        .line("H25", "get / HTTP/1.1", "501"),
        .line("H25", "G\u{1}T / HTTP/1.1", "400"),
        .line("H25", String(repeating: "G", count: 1024) + " / HTTP/1.1", "501"),
        .line("H25", "BREW / HTTP/1.1", "501"),
        .line("H26", "TRACE / HTTP/1.1", "TRACE /"),
        .line("H26", "CONNECT h:1 HTTP/1.1", "501"),
        .line("H27", "GET / HTTP/0.9", "400"),
        .line("H27", "GET / HTTP/1.32", "400"),
        .line("H27", "GET / http/1.1", "400"),
        .line("H27", "GET / HTTP/ 1.1", "400"),
        .line("H27", "GET / HTTP/2.0", "505"),
        Case("H27", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
        .line("H28", "GET  / HTTP/1.1", "400"),
        .line("H28", "GET\t/ HTTP/1.1", "400"),
        .line("H28", "GET / HTTP/1.1 ", "400"),
        .line("H28", "GET /HTTP/1.1", "400"),
        .line("H28", "GET /", "400"),
        .line("H29", "GET foo HTTP/1.1", "400"),
        .line("H29", "GET * HTTP/1.1", "400"),
        .line("H29", "GET /é HTTP/1.1", "400"),
        .line("H29", "GET /#a HTTP/1.1", "400"),
        .line("H29", "GET /a b HTTP/1.1", "400"),
        .line("H30", "GET /%zz HTTP/1.1", "400"),
        .line("H30", "GET /%4 HTTP/1.1", "400"),
        .line("H30", "GET /%00 HTTP/1.1", "400"),
        .line("H30", "GET /%ff HTTP/1.1", "400"),
        .line("H30", "GET /?a=%00 HTTP/1.1", "400"),
        .line("H30", "GET /%2e%2e/a HTTP/1.1", "GET /..|a"),
        .line("H30", "GET //health HTTP/1.1", "GET /|health"),
        .line("H30", "GET /v1/../metrics HTTP/1.1", "GET /v1|..|metrics"),
        .line("H31", "GET http://h/a HTTP/1.1", "GET /a"),
        .line("H31", "GET http://H HTTP/1.1", "GET /"),
        .line("H31", "GET http://other/a HTTP/1.1", "400"),
        .line("H31", "GET http://u@h/a HTTP/1.1", "400"),
        .line("H31", "GET ftp://h/a HTTP/1.1", "400"),
        .line("H32", "OPTIONS * HTTP/1.1", "OPTIONS *"),
        Case("H33", "GET / HTTP/1.1\r\n\r\n", "400"),
        Case("H33", "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", "400"),
        Case("H33", "GET / HTTP/1.1\r\nHost: h/a\r\n\r\n", "400"),
        Case("H33", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", "400"),
        Case("H33", "GET / HTTP/1.1\r\nHost: h:99999\r\n\r\n", "400"),
        Case("H33", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "GET /"),
        Case("H33", "GET / HTTP/1.1\r\nHost: h:80\r\n\r\n", "GET /"),
        Case("H45", "GET / HTTP/1.0\r\n\r\n", "GET /"),
        .get("H36", "Expect: wat\r\n", "417"),
        .get("H34", "Expect: 100-Continue\r\n", "GET / continue"),
        Case("H37", "GET / HTTP/1.0\r\nExpect: wat\r\n\r\n", "GET /"),
        .get(
            "H38", "\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\nGET /c HTTP/1.1\r\nHost: h\r\n", "GET /", "GET /b", "GET /c"),
        .post("H38", "Content-Length: 3\r\n", "abcGET /b HTTP/1.1\r\nHost: h\r\n\r\n", "POST /a abc", "GET /b"),
        .get("H40", "\r\nGARBAGE\r\n", "GET /", "400"),
        .line("H42", "\r\n\r\nGET / HTTP/1.1", "GET /"),
        .line("H42", String(repeating: "\r\n", count: 9) + "GET / HTTP/1.1", "400"),
        Case("H42", "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "400"),
        Case("H60", [0x16, 0x03, 0x01, 0x02, 0x00], ["400"]),
    ]

    @Test(arguments: framing + lengths + chunks + lines)
    func `gives the table's answer, whole and cut at any byte`(_ item: Case) {
        #expect(Self.outcome([item.bytes]) == item.expected)
        for cut in 1..<item.bytes.count {
            #expect(Self.outcome([Array(item.bytes[..<cut]), Array(item.bytes[cut...])]) == item.expected)
        }
        #expect(Self.outcome(item.bytes.map { [$0] }) == item.expected)
    }

    @Test(arguments: [
        (8192, "GET /a"), (8193, "414"), (102_400, "414"),
    ])
    func `H22 takes a request line of 8 KiB and no more`(_ length: Int, _ expected: String) {
        let fixed = "GET / HTTP/1.1".utf8.count
        let text = "GET /\(String(repeating: "a", count: length - fixed)) HTTP/1.1\r\nHost: h\r\n\r\n"
        for pieces in [[Array(text.utf8)], text.utf8.map { [$0] }] {
            #expect(Self.outcome(pieces).map { String($0.prefix(6)) } == [expected])
        }
    }

    @Test func `H22 refuses an endless request line before it ends`() {
        #expect(Self.outcome([Array(repeating: UInt8(ascii: "A"), count: 8194)]) == ["414"])
    }

    @Test(arguments: [(8192, "GET /"), (8193, "431"), (1 << 20, "431")])
    func `H23 takes a header line of 8 KiB and no more`(_ length: Int, _ expected: String) {
        let text = "GET / HTTP/1.1\r\nHost: h\r\nX: \(String(repeating: "a", count: length - 3))\r\n\r\n"
        #expect(Self.outcome([Array(text.utf8)]) == [expected])
        if length < 10_000 { #expect(Self.outcome(text.utf8.map { [$0] }) == [expected]) }
    }

    @Test(arguments: [(100, "GET /"), (101, "431"), (5000, "431")])
    func `H24 takes a hundred headers and answers once to more`(_ count: Int, _ expected: String) {
        let lines = (1..<count).map { "X-\($0): a\r\n" }.joined()
        #expect(Self.outcome([Array("GET / HTTP/1.1\r\nHost: h\r\n\(lines)\r\n".utf8)]) == [expected])
    }

    @Test func `takes a header section of 32 KiB and no more`() {
        let line = "X: \(String(repeating: "a", count: 4091))\r\n"
        for (count, expected) in [(7, "GET /"), (8, "431")] {
            let text = "GET / HTTP/1.1\r\nHost: h\r\n\(String(repeating: line, count: count))\r\n"
            #expect(Self.outcome([Array(text.utf8)]) == [expected])
            #expect(Self.outcome(text.utf8.map { [$0] }) == [expected])
        }
    }

    @Test(arguments: [(65_536, "POST /a"), (65_537, "400"), (1_000_000, "400")])
    func `H20 takes 65,536 chunks and no more`(_ count: Int, _ expected: String) {
        let body = String(repeating: "1\r\na\r\n", count: count) + "0\r\n\r\n"
        let text = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\(body)"
        #expect(Self.outcome([Array(text.utf8)]).map { String($0.prefix(7)) } == [expected])
    }

    @Test func `H18 and H19 bound extensions and trailers by 16 KiB in total`() {
        let head = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        let piece = "1;a=\(String(repeating: "b", count: 4093))\r\na\r\n"
        for (count, expected) in [(4, "POST /a aaaa"), (5, "400")] {
            let text = head + String(repeating: piece, count: count) + "0\r\n\r\n"
            #expect(Self.outcome([Array(text.utf8)]) == [expected])
            #expect(Self.outcome(text.utf8.map { [$0] }) == [expected])
        }
        let trailer = "X: \(String(repeating: "a", count: 4000))\r\n"
        for (count, expected) in [(4, "POST /a"), (5, "400")] {
            let text = head + "0\r\n" + String(repeating: trailer, count: count) + "\r\n"
            #expect(Self.outcome([Array(text.utf8)]).first?.hasPrefix(expected) == true)
        }
    }

    @Test func `H64 survives mutations of valid requests, the same whole and cut`() {
        var random = SplitMix(state: 64)
        let inserts: [[UInt8]] = [[13], [10], [13, 10], [0], [58], [9], [32], [255]]
        let valid = (Self.framing + Self.chunks + Self.lines).filter { $0.expected.first?.contains(" ") == true }
        for item in valid {
            for _ in 0..<100 {
                var bytes = item.bytes
                let position = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes.remove(at: position)
                case 1: bytes[position] = .random(in: 0...255, using: &random)
                default: bytes.insert(contentsOf: inserts.randomElement(using: &random) ?? [], at: position)
                }
                let whole = Self.outcome([bytes])
                #expect(Self.outcome(bytes.map { [$0] }) == whole)
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

    /// Requests as `METHOD /segments body`, and the status of the error, if any.
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
                        let target = parsed.target
                        let path = target.isAsterisk ? "*" : "/" + target.segments.joined(separator: "|")
                        head = "\(parsed.method) \(path)\(parsed.expectsContinue ? " continue" : "")"
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

/// A small generator with a fixed seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

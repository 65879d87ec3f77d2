import JSON
import Testing

struct JSONParserTests {
    @Test(arguments: [
        ("null", JSONValue.null), (" true ", true), ("-12", -12), ("1.5e2", .number(150)), ("7.0", .number(7)),
        ("9223372036854775807", .integer(.max)), ("9223372036854775808", .number(9_223_372_036_854_775_808)),
        ("\"a\\u00e9\\ud83d\\ude00\\n\"", "aé😀\n"), ("[]", JSONValue.array([])), ("[1,[2]]", .array([1, [2]])),
        ("{\"a\":1,\"b\":{\"c\":[]}}", .object(["a": 1, "b": .object(["c": .array([])])])),
    ])
    func `reads what RFC 8259 allows`(text: String, expected: JSONValue) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)) == expected)
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\":1,}", "[1 2]", "01", "1.", ".5", "+1", "1e", "NaN", "-Infinity", "'a'", "nul",
        "\"\\x\"", "\"\u{1}\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"abc", "[1]]", "1e999",
        "{\"a\":1,\"a\":2}", "{a:1}", "{\"a\" 1}", "\u{FEFF}[]", "/**/1", "[\"\\u12\"]",
    ])
    func `refuses what it does not`(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8)) }
    }

    @Test(arguments: [
        [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22],
    ])
    func `refuses invalid UTF-8`(bytes: [UInt8]) {
        #expect(throws: JSONError(offset: 1, reason: "string is not valid UTF-8")) { try JSONValue(parsing: bytes) }
    }

    @Test(arguments: [
        ("7", 7), ("7.0", 7), ("1e3", 1000), ("-9223372036854775808", Int64.min), ("7.5", nil), ("1e300", nil),
        ("9223372036854775807", Int64.max), ("9223372036854775808", nil), ("-9223372036854775809", nil), ("true", nil),
    ])
    func `whole numbers of 64 bits are integers`(text: String, expected: Int64?) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)).integer == expected)
    }

    @Test func `a prefix of a document is never a document`() {
        let text = Array("{\"a\": [1, -2.5e3, \"x\\u00e9\\n\", true, null], \"b\": {\"c\": false}}".utf8)
        for length in 0..<text.count {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.prefix(length))) }
        }
    }

    @Test func `depth and node limits hold`() throws {
        let deep = Array((String(repeating: "[", count: 100_000)).utf8)
        #expect(throws: JSONError(offset: 128, reason: "nested deeper than 128")) { try JSONValue(parsing: deep) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array("[1,2,3]".utf8), limits: JSONLimits(nodes: 3)) }
        #expect(try JSONValue(parsing: Array("[1,2]".utf8), limits: JSONLimits(nodes: 3)) == [1, 2])
    }

    @Test func `names are compared as bytes, also among many`() throws {
        let names = (0..<20).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        let value = try JSONValue(parsing: Array("{\"é\":1,\"e\u{301}\":2,\(names)}".utf8))
        #expect(value.object?["é"] == 1)
        #expect(value.object?["e\u{301}"] == 2)
        #expect(value.object?["k19"] == 19)
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array("{\(names),\"k3\":0}".utf8)) }
    }
}

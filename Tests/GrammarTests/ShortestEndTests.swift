import Grammar
import Language
import TestSupport
import Testing

struct ShortestEndTests {
    private static let schemas = [
        #"{"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}, "required": ["name", "age"]}"#,
        ##"{"$defs": {"t": {"type": "object", "properties": {"l": {"$ref": "#/$defs/t"}, "v": {"type": "string", "maxLength": 5}}}}, "$ref": "#/$defs/t"}"##,
        ##"{"$defs": {"t": {"type": "object", "properties": {"l": {"anyOf": [{"$ref": "#/$defs/t"}, {"type": "null"}]}, "r": {"anyOf": [{"$ref": "#/$defs/t"}, {"type": "null"}]}}, "required": ["l", "r"]}}, "$ref": "#/$defs/t"}"##,
        #"{"type": "array", "items": {"type": "number", "multipleOf": 0.5}, "minItems": 2}"#,
        #"{"type": "array", "items": {"type": "string", "pattern": "^(ab|ac)+d?$"}}"#,
        #"{"type": "array", "items": {"type": "string", "format": "date-time"}}"#,
        "true",
    ]

    private func text(_ tokens: [Int32]?) throws -> String? {
        let vocabulary = try Texts.vocabulary.get()
        return tokens.map { String(decoding: $0.flatMap { vocabulary.bytes(of: $0) }, as: UTF8.self) }
    }

    @Test(arguments: [
        ("", #"{"name":"","age":0}"#), (#"{"na"#, #"me":"","age":0}"#), (#"{"name":"Bo"#, #"","age":0}"#),
        (#"{"name":"\u00"#, #"00","age":0}"#), (#"{"name":"","age":-"#, "0}"), (#"{"name":"","age":12"#, "}"),
        (#"{"name":"","age":12}"#, ""),
    ])
    func `the fewest bytes to the end`(behind: String, end: String) throws {
        var matcher = try #require(try Texts.matcher(try Texts.schema(Self.schemas[0]), behind: behind))
        let tokens = matcher.shortestEnd(tokens: 100) ?? []
        #expect(try text(tokens) == end)
        let enough = matcher.shortestEnd(tokens: tokens.count)
        let tooFew = matcher.shortestEnd(tokens: tokens.count - 1)
        #expect(enough == tokens && tooFew == nil)
    }

    @Test func `calls count with all that comes behind them`() throws {
        let nested = try GBNFParser.grammar(
            #"""
            root ::= "(" long ")" | "[[[[" short "]]]]"
            long ::= short short short short short
            short ::= "ab" | "a" root? "b" root
            """#)
        for (behind, end) in [("", "[[[[ab]]]]"), ("(", "ababababab)"), ("(ab", "abababab)"), ("[[[[a", "b]]]]")] {
            var matcher = try #require(try Texts.matcher(try Texts.compile(nested), behind: behind))
            let tokens = matcher.shortestEnd(tokens: 50)
            #expect(try text(tokens) == end)
        }
    }

    /// Each rule is twice as long as the one before: the last one's text has more bytes than there are atoms.
    @Test func `ends that are out of reach are not written`() throws {
        let rules = (1...200).map { "r\($0) ::= r\($0 - 1) r\($0 - 1)" }.joined(separator: "\n")
        let grammar = try Texts.compile(try GBNFParser.grammar("root ::= \"a\" | \"b\" r200\nr0 ::= \"c\"\n" + rules))
        var matcher = try #require(try Texts.matcher(grammar, behind: "b"))
        let unreachable = matcher.shortestEnd(tokens: .max)
        #expect(unreachable == nil)
        var other = TokenMatcher(grammar)
        let tokens = other.shortestEnd(tokens: 1)
        #expect(try text(tokens) == "a")
    }

    /// Whatever is drawn, and whenever the tokens run out: if the shortest text fits at all, the text is whole.
    @Test(arguments: schemas)
    func `a text that keeps room for its end comes to it`(schema: String) throws {
        let grammar = try Texts.schema(schema)
        var random = SplitMix64(seed: 7)
        for room in 1...40 {
            var matcher = TokenMatcher(grammar)
            let fits = matcher.shortestEnd(tokens: room) != nil
            var left = room
            while left > 0, !matcher.isAtEnd {
                left -= 1
                let mask = matcher.mask()
                let allowed = (0..<Int32(try Texts.vocabulary.get().count)).filter(mask.contains)
                var token = try #require(allowed.randomElement(using: &random))
                if !matcher.leavesRoom(token, room: left), let end = matcher.shortestEnd(tokens: left + 1) {
                    guard let first = end.first else { break }
                    token = first
                }
                let isAccepted = matcher.accept(token)
                #expect(isAccepted)
            }
            #expect(matcher.isComplete || !fits, "cut after \(room) tokens")
        }
    }

    @Test func `tokens that are not text, or not allowed, are no matter of room`() throws {
        var matcher = TokenMatcher(try Texts.schema(Self.schemas[0]))
        let vocabulary = try Texts.vocabulary.get()
        let special = try #require((0..<Int32(vocabulary.count)).first(where: vocabulary.isSpecial))
        let brace = try Texts.byteTokens.get()[Int(UInt8(ascii: "}"))]
        for token in [special, brace] {
            let leavesRoom = matcher.leavesRoom(token, room: 0)
            #expect(leavesRoom)
        }
        let tokens = matcher.shortestEnd(tokens: 100)
        #expect(try text(tokens) == #"{"name":"","age":0}"#, "looking ahead has moved it")
    }
}

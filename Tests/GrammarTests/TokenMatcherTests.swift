import Grammar
import JSON
import Language
import TestSupport
import Testing

struct TokenMatcherTests {
    private static let schemas = [
        "true", #"{"type": "array", "items": {"type": "integer"}}"#,
        #"{"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0, "maximum": 120}, "tags": {"type": "array", "items": {"enum": ["red", "green", "blue"]}}}, "required": ["name"]}"#,
        ##"{"$defs": {"t": {"type": "object", "properties": {"l": {"$ref": "#/$defs/t"}, "v": {"type": "string", "maxLength": 5}}}}, "$ref": "#/$defs/t"}"##,
        #"{"type": "string", "pattern": "^(ab|ac)+d?$"}"#,
        #"{"type": "string", "pattern": "[aeiou]{2}", "not": {"pattern": "^the", "type": "string"}, "maxLength": 9}"#,
        #"{"type": "array", "items": {"type": "number", "multipleOf": 0.5}, "maxItems": 3}"#,
        #"{"properties": {"a": true}, "patternProperties": {"^x": {"type": "null"}}, "additionalProperties": {"type": "integer"}, "minProperties": 2, "type": "object"}"#,
        #"{"anyOf": [{"type": "object", "properties": {"kind": {"const": "a"}, "x": {"type": "number"}}, "required": ["kind", "x"]}, {"type": "object", "properties": {"kind": {"const": "b"}, "y": {"type": "string"}}, "required": ["kind", "y"]}]}"#,
    ]

    /// The mask comes from cached parts; asking for each token by itself is the definition of right.
    @Test(arguments: schemas)
    func `a mask holds exactly the tokens that are allowed`(schema: String) throws {
        try checkMasks(try Texts.schema(schema), seed: 1)
        try checkMasks(try Texts.schema(schema, over: Texts.nearTrie), seed: 1)
    }

    @Test func `a mask holds exactly the allowed tokens of calls and other grammars`() throws {
        let tool = ToolCallGrammar.Tool(
            name: "get_weather", parameters: ["properties": ["city": ["type": "string"]]], isStrict: false)
        let calls = try ToolCallGrammar.grammar(of: [tool], allowsSeveral: true, else: .text)
        try checkMasks(try Texts.compile(calls, isLazy: true), seed: 2)
        let nested = try GBNFParser.grammar("root ::= \"(\" root? \")\" root? | [a-z]+ \" \" root")
        try checkMasks(try Texts.compile(nested), seed: 3)
        try checkMasks(try Texts.compile(nested, over: Texts.nearTrie), seed: 3)
    }

    /// What is known of a state far from the end of a string is used for all that are as far, though not nearer by.
    @Test func `masks count the characters that are left`() throws {
        for trie in [Texts.trie, Texts.nearTrie] {
            let short = ##"{"type": "string", "minLength": 12, "maxLength": 14}"##
            try checkMasks(try Texts.schema(short, over: trie), seed: 4)
            try checkMasks(try Texts.schema(#"{"type": "string", "pattern": "^(é|ab){3,40}$"}"#, over: trie), seed: 5)
        }
    }

    /// Random texts of the grammar, made of allowed tokens.
    private func checkMasks(_ grammar: CompiledGrammar, seed: UInt64) throws {
        let count = try Texts.vocabulary.get().count
        var random = SplitMix64(seed: seed)
        for _ in 0..<12 {
            var matcher = TokenMatcher(grammar)
            for _ in 0..<24 where !matcher.isAtEnd && !matcher.isFree {
                let mask = matcher.mask()
                let allowed = (0..<Int32(count)).filter { matcher.allows($0) }
                #expect((0..<Int32(count)).filter(mask.contains) == allowed)
                guard let token = allowed.randomElement(using: &random) else { break }
                let isAccepted = matcher.accept(token)
                #expect(isAccepted)
            }
        }
    }

    @Test func `what can be written in one way only is known ahead`() throws {
        let schema =
            #"{"type": "object", "properties": {"naïve": {"const": 12}, "other": true}, "required": ["naïve", "other"]}"#
        let grammar = try Texts.schema(schema)
        let tokenizer = Tokenizer(try Texts.vocabulary.get())
        for (behind, next) in [
            ("", "{"), ("{", ""), ("{\"", "naïve\":"), ("{\"naï", "ve\":"), ("{\"naïve\":", ""),
            ("{\"naïve\":1", "2,"), ("{\"naïve\":12,\"o", "ther\":"), ("{\"naïve\":12,\"other\":1}", ""),
        ] {
            var matcher = try #require(try Texts.matcher(grammar, behind: behind))
            let tokens = matcher.forcedTokens()
            #expect(tokens == tokenizer.encode(next), "behind \(behind)")
            #expect(matcher.forcedTokens() == tokens, "looking ahead has moved it")
        }
    }

    @Test func `a text that is whole says so`() throws {
        let grammar = try Texts.schema(#"{"enum": [1, 12, "a"]}"#)
        var one = try #require(try Texts.matcher(grammar, behind: "1"))
        #expect(one.isComplete && !one.isAtEnd)
        #expect(try Texts.matcher(grammar, behind: "12")?.isAtEnd == true)
        let quote = try #require(try Texts.matcher(grammar, behind: "\""))
        #expect(!quote.isComplete && !quote.isAtEnd)
        let special = try #require((0..<Int32(2048)).first(where: try Texts.vocabulary.get().isSpecial))
        let isAllowed = one.allows(special)
        #expect(!isAllowed && !one.mask().contains(special))
    }
}

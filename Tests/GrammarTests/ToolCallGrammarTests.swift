import Grammar
import JSON
import Language
import Testing

struct ToolCallGrammarTests {
    private static let weather = ToolCallGrammar.Tool(
        name: "get_weather",
        parameters: ["type": "object", "properties": ["city": ["type": "string"]], "required": ["city"]],
        isStrict: false)
    private static let anything = ToolCallGrammar.Tool(name: "run", parameters: nil, isStrict: false)

    private static func grammar(
        severally: Bool = false, else alternative: ToolCallGrammar.Alternative
    ) throws -> CompiledGrammar {
        let grammar = try ToolCallGrammar.grammar(of: [weather, anything], allowsSeveral: severally, else: alternative)
        return try Texts.compile(grammar, isLazy: true)
    }

    private static let call = "{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Rome\"}}"

    @Test func `a call names a tool that was given, with arguments that fit`() throws {
        let grammar = try Self.grammar(else: .nothing)
        for text in [
            Self.call, "{\"name\":\"get_weather\",\"parameters\":{\"city\":\"\"}}",
            "{\"name\": \"run\", \"parameters\": {\"a\": [1]}}",
            "{\"type\": \"function\", \"name\": \"run\", \"parameters\": {}}",
            "{\n  \"name\": \"run\",\n  \"parameters\": {}\n}",
        ] { #expect(try Texts.contains(grammar, text), "\(text)") }
        for text in [
            "", "hello", "{\"name\": \"get_time\", \"parameters\": {}}",
            "{\"name\": \"get_weather\", \"parameters\": {}}",
            "{\"name\": \"get_weather\", \"parameters\": {\"city\": 1}}", Self.call + Self.call,
            Self.call + "\n" + Self.call,
        ] { #expect(try !Texts.contains(grammar, text), "\(text)") }
        #expect(try Texts.matcher(grammar, behind: Self.call)?.isAtEnd == true)
    }

    @Test func `several calls only where the client allows them`() throws {
        let grammar = try Self.grammar(severally: true, else: .nothing)
        for separator in ["; ", "\n", ","] { #expect(try Texts.contains(grammar, Self.call + separator + Self.call)) }
    }

    @Test func `any text may be the answer until it begins like a call`() throws {
        let grammar = try Self.grammar(else: .text)
        for text in [
            "", "Hello!", "{", "{}", "{\"na", "{\"names\": 1}", "{\"name\" ", "{\"name\": 5}", "{\"city\": \"Rome\"}",
            " {\"type\": \"x\"",
            "[{\"name\": \"run\"}]", "{\"type\": \"function\"}", Self.call,
        ] { #expect(try Texts.contains(grammar, text), "\(text)") }
        for text in ["{\"name\": \"x", "{\"name\": \"get_time", "{\"type\": \"function\", \"name\": \"x"] {
            #expect(try Texts.matcher(grammar, behind: text) == nil, "\(text)")
        }
        #expect(try Texts.matcher(grammar, behind: "{\"name\": \"get_weather\"")?.isComplete == false)
        #expect(try Texts.matcher(grammar, behind: "Hello")?.isFree == true)
        #expect(try Texts.matcher(grammar, behind: "{\"name\"")?.isFree == false)
    }

    @Test func `a token that is not text makes the answer free before a call, not within`() throws {
        let special = try #require((0..<Int32(2048)).first(where: try Texts.vocabulary.get().isSpecial))
        let grammar = try Self.grammar(else: .text)
        var matcher = TokenMatcher(grammar)
        let (isAllowed, isMasked) = (matcher.allows(special), matcher.mask().contains(special))
        #expect(isAllowed && isMasked)
        let isAccepted = matcher.accept(special)
        #expect(isAccepted)
        #expect(matcher.isFree)
        var inside = try #require(try Texts.matcher(grammar, behind: "{\"name\": \"run\""))
        let (isAllowedInside, isMaskedInside) = (inside.allows(special), inside.mask().contains(special))
        #expect(!isAllowedInside && !isMaskedInside)
    }

    @Test func `an answer with a format is a call or of that format`() throws {
        let format = try SchemaCompiler.grammar(for: ["type": "object", "properties": ["name": ["type": "integer"]]])
        let grammar = try Self.grammar(else: .grammar(format))
        for text in [Self.call, "{\"name\": 3}"] { #expect(try Texts.contains(grammar, text), "\(text)") }
        for text in ["hello", "{\"name\": \"x\"}"] { #expect(try !Texts.contains(grammar, text), "\(text)") }
    }

    @Test func `arguments may be described by a reference into their own schema`() throws {
        let text = ##"{"$defs": {"A": {"properties": {"b": {"$ref": "#/$defs/A"}}}}, "$ref": "#/$defs/A"}"##
        let schema = try JSONValue(parsing: Array(text.utf8))
        let tool = ToolCallGrammar.Tool(name: "f", parameters: schema, isStrict: true)
        let grammar = try Texts.compile(
            try ToolCallGrammar.grammar(of: [tool], allowsSeveral: false, else: .nothing))
        #expect(try Texts.contains(grammar, "{\"name\": \"f\", \"parameters\": {\"b\": {\"b\": {}}}}"))
        #expect(try !Texts.contains(grammar, "{\"name\": \"f\", \"parameters\": 1}"))
    }

    @Test func `arguments that cannot be enforced are refused only where that was asked for`() throws {
        let schema: JSONValue = ["type": "object", "contains": [:]]
        let tool = { ToolCallGrammar.Tool(name: "f", parameters: schema, isStrict: $0) }
        let loose = try ToolCallGrammar.grammar(of: [tool(false)], allowsSeveral: false, else: .nothing)
        #expect(try Texts.contains(try Texts.compile(loose), "{\"name\": \"f\", \"parameters\": {\"a\": 1}}"))
        #expect(throws: GrammarError.unsupportedKeyword("contains", pointer: "")) {
            try ToolCallGrammar.grammar(of: [tool(true)], allowsSeveral: false, else: .nothing)
        }
    }
}

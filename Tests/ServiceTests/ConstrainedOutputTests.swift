import HTTPTypes
import JSON
import Testing

/// Constraints over a model of chance, which left alone would say nothing of the kind.
struct ConstrainedOutputTests {
    private func chat(_ service: TestService, _ members: String) async throws -> TestService.Answer {
        try await service.post(
            "/v1/chat/completions", #"{"messages": [{"role": "user", "content": "Hi"}], \#(members)}"#)
    }

    private func message(_ answer: TestService.Answer) throws -> JSONObject {
        try answer.json["choices"]?.array?.first?.object?["message"]?.object ?? [:]
    }

    private static let schema = #"""
        {"type": "object", "properties": {
            "kind": {"enum": ["cat", "dog"]}, "age": {"type": "integer", "minimum": 1, "maximum": 20},
            "names": {"type": "array", "items": {"type": "string", "maxLength": 8}, "minItems": 1, "maxItems": 3}},
         "required": ["kind", "age", "names"]}
        """#

    @Test func `an answer fits its schema, streamed or whole, and the same seed gives the same`() async throws {
        let service = try TestService()
        let format =
            #""response_format": {"type": "json_schema", "json_schema": {"name": "pet", "schema": \#(Self.schema)}}"#
        for seed in 1...6 {
            let settings = #""temperature": 1.5, "max_tokens": 200, "seed": \#(seed), \#(format)"#
            let answer = try await chat(service, settings)
            let text = try #require(try message(answer)["content"]?.string)
            let pet = try #require(try JSONValue(parsing: Array(text.utf8)).object)
            #expect(pet["kind"] == "cat" || pet["kind"] == "dog")
            #expect((1...20).contains(pet["age"]?.integer ?? 0))
            #expect((1...3).contains(pet["names"]?.array?.count ?? 0))
            #expect(try answer.json["choices"]?.array?.first?.object?["finish_reason"] == "stop")
            let chunks = try await chat(service, settings + #", "stream": true"#).events.chunks
            let pieces = chunks.compactMap { $0["choices"]?.array?.first?.object?["delta"]?.object?["content"]?.string }
            #expect(pieces.joined() == text)
        }
    }

    @Test(arguments: [
        (#""structured_outputs": {"regex": "[ab]{3}c"}"#, "abc"), (#""guided_choice": ["abc", "cab"]"#, "abc"),
        (#""grammar": "root ::= (\"a\" | \"b\"){4} \"c\"""#, "abc"),
    ])
    func `completions keep to patterns, choices and grammars`(members: String, letters: String) async throws {
        let service = try TestService()
        let answer = try await service.post(
            "/v1/completions", #"{"prompt": "x", "max_tokens": 30, "temperature": 1, "seed": 3, \#(members)}"#)
        let text = try #require(try answer.json["choices"]?.array?.first?.object?["text"]?.string)
        #expect(!text.isEmpty && text.allSatisfy(letters.contains), "\(text)")
        #expect(try answer.json["choices"]?.array?.first?.object?["finish_reason"] == "stop")
    }

    @Test func `a required call is made, with arguments that fit`() async throws {
        let service = try TestService()
        let tools =
            #""tools": [{"type": "function", "function": {"name": "feed", "parameters": \#(Self.schema)}}, {"type": "function", "function": {"name": "walk", "parameters": {"type": "object", "properties": {}}}}]"#
        let settings = #""temperature": 1, "seed": 1, "max_tokens": 200, "parallel_tool_calls": false"#
        for choice in [#""required""#, #"{"type": "function", "function": {"name": "feed"}}"#] {
            let answer = try await chat(service, #"\#(tools), \#(settings), "tool_choice": \#(choice)"#)
            let calls = try #require(try message(answer)["tool_calls"]?.array)
            let function = try #require(calls.first?.object?["function"]?.object)
            let arguments = try JSONValue(parsing: Array((function["arguments"]?.string ?? "").utf8)).object
            #expect(
                calls.count == 1
                    && (function["name"] == "feed" || choice == #""required""# && function["name"] == "walk"))
            #expect(function["name"] == "walk" || (1...20).contains(arguments?["age"]?.integer ?? 0))
            #expect(try answer.json["choices"]?.array?.first?.object?["finish_reason"] == "tool_calls")
        }
    }

    @Test(arguments: [
        (
            #""response_format": {"type": "json_schema", "json_schema": {"schema": {"contains": {}}}}"#,
            "response_format.json_schema.schema", "unsupported_parameter"
        ),
        (#""guided_regex": "(a""#, "guided_regex", "invalid_grammar"),
        (#""guided_regex": "[ab]*a[ab]{60}""#, "guided_regex", "schema_too_complex"),
        (#""grammar": "root ::= root""#, "grammar", "invalid_grammar"),
        (
            #""tools": [{"type": "function", "function": {"name": "f", "strict": true, "parameters": {"contains": {}}}}]"#,
            "tools", "unsupported_parameter"
        ),
    ])
    func `what cannot be a constraint is refused by its field`(members: String, param: String, code: String)
        async throws
    {
        let answer = try await chat(try TestService(), members)
        let error = try answer.json["error"]?.object
        #expect(
            answer.head.status == .badRequest && error?["param"] == .string(param) && error?["code"] == .string(code))
    }

    @Test func `each of several samples keeps to the format by itself`() async throws {
        let service = try TestService()
        let settings = #""temperature": 1.5, "max_tokens": 200, "seed": 2, "n": 4, "guided_json": \#(Self.schema)"#
        let choices = try #require(try await chat(service, settings).json["choices"]?.array)
        let texts = try choices.map { try #require($0.object?["message"]?.object?["content"]?.string) }
        for text in texts {
            let pet = try #require(try JSONValue(parsing: Array(text.utf8)).object)
            #expect((1...20).contains(pet["age"]?.integer ?? 0), "\(text)")
        }
        #expect(Set(texts).count > 1)
    }

    @Test func `max_tokens may cut a document short`() async throws {
        let answer = try await chat(try TestService(), #""guided_json": \#(Self.schema), "max_tokens": 2"#)
        #expect(try answer.json["choices"]?.array?.first?.object?["finish_reason"] == "length")
    }
}

import JSON
import OpenAI
import Testing

struct OutputFormatTests {
    private func request(_ members: String) throws -> ChatCompletionRequest {
        let body = #"{"messages": [{"role": "user", "content": "Hi"}], \#(members)}"#
        return try ChatCompletionRequest(try JSONValue(parsing: Array(body.utf8)))
    }

    private func refusedField(_ members: String) -> String? {
        do {
            _ = try request(members)
            return nil
        } catch {
            return (error as? APIError)?.param ?? "\(error)"
        }
    }

    @Test(
        arguments: [
            (#""response_format": {"type": "text"}"#, nil),
            (#""response_format": null"#, nil),
            (#""response_format": {"type": "json_object"}"#, OutputFormat.object),
            (#""response_format": {"type": "json_object", "schema": {"type": "null"}}"#, .schema(["type": "null"])),
            (#""response_format": {"type": "json_schema", "schema": true}"#, .schema(true)),
            (
                #""response_format": {"type": "json_schema", "json_schema": {"name": "x", "strict": true, "schema": {}}}"#,
                .schema([:])
            ),
            (#""structured_outputs": {"json": "{\"type\": \"null\"}"}"#, .schema(["type": "null"])),
            (#""structured_outputs": {"json_object": true}"#, .object),
            (#""structured_outputs": {"regex": "a+"}"#, .regex("a+")),
            (#""structured_outputs": {"choice": ["a", "b"]}"#, .choice(["a", "b"])),
            (#""structured_outputs": {"grammar": "root ::= \"a\""}"#, .grammar(#"root ::= "a""#)),
            (#""guided_json": {"type": "null"}"#, .schema(["type": "null"])), (#""guided_regex": "a+""#, .regex("a+")),
            (#""guided_choice": ["a"]"#, .choice(["a"])), (#""guided_grammar": "g""#, .grammar("g")),
            (#""grammar": "g""#, .grammar("g")), (#""json_schema": {"type": "null"}"#, .schema(["type": "null"])),
        ] as [(String, OutputFormat?)])
    func `all the ways to ask for a format`(members: String, format: OutputFormat?) throws {
        #expect(try request(members).sampling.format == format)
    }

    @Test(arguments: [
        (#""response_format": {"type": "sound"}"#, "response_format.type"),
        (#""response_format": {"type": "json_schema"}"#, "response_format.json_schema"),
        (
            #""response_format": {"type": "json_schema", "json_schema": {"name": "x"}}"#,
            "response_format.json_schema.schema"
        ),
        (#""response_format": {"type": "json_schema", "json_schema": 1}"#, "response_format.json_schema"),
        (#""response_format": {"type": "text", "colour": 1}"#, "response_format.colour"),
        (#""response_format": 1"#, "response_format"), (#""structured_outputs": {}"#, "structured_outputs"),
        (#""structured_outputs": {"structural_tag": {}}"#, "structured_outputs.structural_tag"),
        (#""structured_outputs": {"choice": []}"#, "structured_outputs.choice"),
        (#""structured_outputs": {"choice": [1]}"#, "structured_outputs.choice[0]"),
        (#""structured_outputs": {"json": "{"}"#, "structured_outputs.json"),
        (#""structured_outputs": {"regex": "a", "choice": ["a"]}"#, "structured_outputs.choice"),
        (#""guided_regex": 1"#, "guided_regex"), (#""grammar": "g", "guided_regex": "a""#, "grammar"),
    ])
    func `a format that is none is refused by its field`(members: String, field: String) {
        #expect(refusedField(members) == field)
    }

    private static let tools =
        #""tools": [{"type": "function", "function": {"name": "f"}}, {"type": "function", "function": {"name": "g", "strict": true, "parameters": {}}}]"#

    @Test(arguments: [
        ("\"auto\"", ["f", "g"], false), ("\"required\"", ["f", "g"], true), ("\"none\"", [], false),
        (#"{"type": "function", "function": {"name": "g"}}"#, ["g"], true),
        (
            #"{"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]}}"#,
            ["f"], false
        ),
        (
            #"{"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "f"}}]}}"#,
            ["f"], true
        ),
    ])
    func `which tools may be called, and whether one must`(choice: String, names: [String], isRequired: Bool) throws {
        let request = try request(Self.tools + ", \"tool_choice\": \(choice)")
        #expect(request.callableTools.map(\.name) == names && request.requiresToolCall == isRequired)
        #expect(request.prompt.tools.map(\.name) == (choice == "\"none\"" ? [] : ["f", "g"]))
        #expect(request.prompt.tools.last?.isStrict ?? true)
    }

    @Test(arguments: [
        ("1", "tool_choice"), ("\"any\"", "tool_choice"), (#"{"type": "x"}"#, "tool_choice.type"),
        (#"{"type": "function"}"#, "tool_choice.function"),
        (#"{"type": "function", "function": {}}"#, "tool_choice.function.name"),
        (#"{"type": "function", "function": {"name": "h"}}"#, "tool_choice"),
        (#"{"type": "allowed_tools"}"#, "tool_choice.allowed_tools"),
        (#"{"type": "allowed_tools", "allowed_tools": {"mode": "x", "tools": []}}"#, "tool_choice.allowed_tools.mode"),
        (#"{"type": "allowed_tools", "allowed_tools": {"tools": []}}"#, "tool_choice.allowed_tools.tools"),
        (
            #"{"type": "allowed_tools", "allowed_tools": {"tools": [{"type": "x"}]}}"#,
            "tool_choice.allowed_tools.tools[0].type"
        ),
    ])
    func `a choice that is none is refused by its field`(choice: String, field: String) {
        #expect(refusedField(Self.tools + ", \"tool_choice\": \(choice)") == field)
        #expect(refusedField("\"tool_choice\": \"required\"") == "tool_choice")
    }
}

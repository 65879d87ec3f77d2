import JSON
import OpenAI
import Testing

struct ChatCompletionRequestTests {
    private static let user = #"{"role": "user", "content": "hi"}"#

    /// A request that is right but for the members given here as JSON text.
    private func request(_ members: [String: String] = [:]) throws -> ChatCompletionRequest {
        let all = ["messages": "[\(Self.user)]"].merging(members) { $1 }
        let text = "{" + all.map { "\"\($0)\": \($1)" }.joined(separator: ",") + "}"
        return try ChatCompletionRequest(JSONValue(parsing: Array(text.utf8)))
    }

    /// The field that a request with these members is refused for.
    private func refusedField(_ members: [String: String]) -> String? {
        do {
            _ = try request(members)
            return nil
        } catch let error as APIError {
            return error.status == 400 ? error.param : "status \(error.status)"
        } catch {
            return "\(error)"
        }
    }

    @Test func `nulls count as absent`() throws {
        let fields = [
            "max_tokens", "stop", "tools", "tool_choice", "stream_options", "seed", "response_format", "temperature",
            "logit_bias", "n",
        ]
        let request = try request(Dictionary(fields.map { ($0, "null") }) { $1 })
        #expect(request.sampling.maxTokens == nil)
        #expect(request.sampling.temperature == nil)
        #expect(request.prompt.tools.isEmpty)
    }

    @Test func `whole numbers may be written as floats`() throws {
        #expect(try request(["max_tokens": "64.0"]).sampling.maxTokens == 64)
        #expect(try request(["max_tokens": "5", "max_completion_tokens": "7"]).sampling.maxTokens == 7)
    }

    @Test(arguments: [
        ("max_tokens", "0"), ("max_tokens", "1.5"), ("max_tokens", #""12""#), ("max_tokens", "true"),
        ("max_tokens", "1e300"), ("temperature", "2.1"), ("temperature", "-1"), ("temperature", #""NaN""#),
        ("top_p", "1.1"), ("top_k", "-2"), ("min_p", "2"), ("frequency_penalty", "3"), ("presence_penalty", "-3"),
        ("repetition_penalty", "0"), ("n", "0"), ("n", "129"), ("seed", "1.5"), ("stream", #""yes""#), ("stop", "1"),
        ("stop", #""""#), ("stop", "[\(Array(repeating: #""x""#, count: 17).joined(separator: ","))]"), ("tools", "{}"),
        ("logit_bias", "[]"), ("tool_choice", #""required""#), ("stream_options", #"{"include_usage": true}"#),
        ("logprobs", "1"), ("no_such_field", "1"),
        ("functions", "[]"), ("modalities", #"["audio"]"#),
    ])
    func `names the field of a bad value`(field: String, value: String) {
        #expect(refusedField([field: value]) == field)
    }

    @Test(arguments: ["abc", "-1", "+1", "99999999999", ""])
    func `refuses a bias for what is no token id`(key: String) {
        #expect(refusedField(["logit_bias": "{\"\(key)\": 1}"]) == "logit_bias.\(key)")
    }

    @Test(arguments: [
        ("null", "messages"), ("[]", "messages"), (#""hi""#, "messages"), ("[null]", "messages[0]"),
        ("[{}]", "messages[0].role"), (#"[{"role": "hacker"}]"#, "messages[0].role"),
        (#"[{"role": 1}]"#, "messages[0].role"), (#"[{"role": "user"}]"#, "messages[0].content"),
        (#"[{"role": "user", "content": 7}]"#, "messages[0].content"),
        (#"[{"role": "user", "content": []}]"#, "messages[0].content"),
        (
            #"[{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]"#,
            "messages[0].content[0].type"
        ),
        (#"[{"role": "assistant", "content": null}]"#, "messages[0].content"),
        (#"[{"role": "tool", "content": "1"}]"#, "messages[0].tool_call_id"),
        (#"[{"role": "tool", "content": "1", "tool_call_id": "a"}]"#, "messages[0].tool_call_id"),
        (#"[{"role": "user", "content": "a", "colour": "red"}]"#, "messages[0].colour"),
    ])
    func `names the message at fault`(messages: String, param: String) {
        #expect(refusedField(["messages": messages]) == param)
    }

    @Test func `text parts are joined, developer is a role`() throws {
        let content = #"[{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]"#
        let request = try request(["messages": #"[{"role": "developer", "content": \#(content)}]"#])
        #expect(request.prompt.messages[0].content == "a\nb")
        #expect(request.prompt.messages[0].role == .developer)
    }

    @Test func `tool calls and their answers are matched by id`() throws {
        let call = #"{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}"#
        let assistant = #"{"role": "assistant", "content": null, "tool_calls": [\#(call)]}"#
        let answer = #"{"role": "tool", "tool_call_id": "c1", "content": "4"}"#
        let request = try request(["messages": "[\(Self.user), \(assistant), \(answer)]"])
        #expect(request.prompt.messages[1].toolCalls == [ToolCall(id: "c1", name: "f", arguments: "{}")])
        #expect(refusedField(["messages": "[\(assistant), \(assistant)]"]) == "messages[1].tool_calls[0].id")
    }

    @Test func `tools are checked and can be turned off`() throws {
        let tool = #"{"type": "function", "function": {"name": "f"}}"#
        #expect(try request(["tools": "[\(tool)]"]).prompt.tools.map(\.name) == ["f"])
        #expect(try request(["tools": "[\(tool)]", "tool_choice": #""none""#]).prompt.tools.isEmpty)
        #expect(refusedField(["tools": "[\(tool), \(tool)]"]) == "tools[1].function.name")
        let evil = #"{"type": "function", "function": {"name": "a\r\nb"}}"#
        #expect(refusedField(["tools": "[\(evil)]"]) == "tools[0].function.name")
    }

    @Test func `template variables are passed on`() throws {
        let request = try request(["chat_template_kwargs": #"{"date_string": "1 Jan 2026"}"#])
        #expect(request.prompt.templateArguments["date_string"] == "1 Jan 2026")
    }
}

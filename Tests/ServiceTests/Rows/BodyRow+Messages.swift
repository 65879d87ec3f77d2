/// Conversations, tools and prompts that are none.
extension BodyRow {
    static let messages: [BodyRow] = [
        .text("J31", #"{"max_tokens": 1}"#, param: "messages"), .chat("J31", "messages", "[]"),
        .chat("J31", "messages", "null"), .chat("J31", "messages", #""hi""#),
        .chat("J31", "messages", "[null]", param: "messages[0]"),
        .chat("J31", "messages", "[{}]", param: "messages[0].role"),
        .chat("J31", "messages", #"[{"content": "a"}]"#, param: "messages[0].role"),
        .chat("J31", "messages", #"[{"role": "hacker", "content": "a"}]"#, param: "messages[0].role"),
        .chat("J31", "messages", #"[{"role": 1, "content": "a"}]"#, param: "messages[0].role"),
        .chat("J32", "messages", #"[{"role": "user", "content": null}]"#, param: "messages[0].content"),
        .chat("J32", "messages", #"[{"role": "assistant", "content": null}]"#, param: "messages[0].content"),
        .chat("J32", "messages", #"[{"role": "user", "content": 7}]"#, param: "messages[0].content"),
        .chat("J32", "messages", #"[{"role": "user", "content": []}]"#, param: "messages[0].content"),
        .chat(
            "J32", "messages", #"[{"role": "user", "content": [{"type": "sound"}]}]"#,
            param: "messages[0].content[0].type"),
        .chat(
            "J32", "messages", #"[{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]"#,
            param: "messages[0].content[0].type"),
        .chat("J33", "messages", list(100_001) { _ in #"{"role": "user", "content": "a"}"# }),
        .chat("J33", "messages", #"[{"role": "user", "content": \#(quoted(4 << 20))}]"#),
        .chat(
            "J34", "messages", #"[{"role": "tool", "content": "1", "tool_call_id": "a"}]"#,
            param: "messages[0].tool_call_id"),
        .chat("J34", "messages", "[\(call),\(call)]", param: "messages[1].tool_calls[0].id"),
    ]

    private static let call =
        #"{"role": "assistant", "content": null, "tool_calls": "#
        + #"[{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}"#

    static let tools: [BodyRow] = [
        .chat(
            "J34", "tool_choice", #"{"type": "function", "function": {"name": "g"}}, "tools": "# + tool(),
            param: "tool_choice"),
        .chat(
            "J35", "tools", list(1025) { String(tool(name: "f\($0)").dropFirst().dropLast()) }, param: "tools"),
        .chat("J35", "tools", tool(name: #"a\r\nb"#), param: "tools[0].function.name"),
        .chat("J35", "tools", tool(name: #"a\"b"#), param: "tools[0].function.name"),
        .chat("J35", "tools", tool(name: String(repeating: "a", count: 10_240)), param: "tools[0].function.name"),
    ]

    static let prompts: [BodyRow] = [
        .text("J20", #"{"prompt": ["a", "b"], "n": 65}"#, param: "prompt", path: completions),
        .prompt("J37", list(256) { _ in "65" }), .prompt("J37", list(255) { _ in "65" }, 200),
        .text(
            "J38", "{\"prompt\": \(list(250) { _ in "65" }), \"max_tokens\": 100, \"ignore_eos\": true}", 200,
            path: completions),
        .prompt("J44", "[]"), .prompt("J44", "[-1]", param: "prompt[0]"), .prompt("J44", "[709]"),
        .prompt("J44", "[2147483648]", param: "prompt[0]"),
        .prompt("J44", "[1.5]", param: "prompt[0]"), .prompt("J44", "7"), .prompt("J44", "{}"),
        .text("J52", #"{"input": []}"#, param: "input", path: embeddings),
        .text("J52", #"{"input": ""}"#, param: "input", path: embeddings),
        .text("J52", "{\"input\": \(list(2049) { _ in "\"a\"" })}", param: "input", path: embeddings),
        .text("J52", #"{"input": "a", "dimensions": 0}"#, param: "dimensions", path: embeddings),
        .text("J52", #"{"input": "a", "dimensions": 1000000}"#, param: "dimensions", path: embeddings),
    ]

    private static let embeddings = "/v1/embeddings"
}

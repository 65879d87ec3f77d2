import JSON
import OpenAI
import Testing

struct MessageRequestTests {
    @Test func `blocks become the messages of a chat`() throws {
        let chat = try MessageRequest([
            "max_tokens": 5, "system": [["type": "text", "text": "s", "cache_control": ["type": "ephemeral"]]],
            "messages": [
                ["role": "user", "content": "a"],
                [
                    "role": "assistant",
                    "content": [
                        ["type": "thinking", "thinking": "hm", "signature": "x"], ["type": "text", "text": "b"],
                        ["type": "tool_use", "id": "1", "name": "f", "input": ["x": 1]],
                    ],
                ],
                [
                    "role": "user",
                    "content": [
                        ["type": "tool_result", "tool_use_id": "1", "content": "c", "is_error": false],
                        ["type": "text", "text": "d"],
                    ],
                ],
            ],
            "tools": [["name": "f", "input_schema": ["type": "object"]]], "tool_choice": ["type": "any"],
            "stop_sequences": ["e"], "top_k": 3,
        ]).chat
        #expect(chat.prompt.messages.map(\.role) == [.system, .user, .assistant, .tool, .user])
        #expect(chat.prompt.messages.map(\.content) == ["s", "a", "b", "c", "d"])
        #expect(chat.prompt.messages[2].toolCalls.first?.arguments == #"{"x":1}"#)
        #expect(chat.requiresToolCall && chat.sampling.stop == ["e"] && chat.sampling.topK == 3)
    }

    @Test(arguments: [
        (#"{"messages": [{"role": "user", "content": "a"}]}"#, "max_tokens"),
        (#"{"max_tokens": 1, "messages": []}"#, "messages"),
        (#"{"max_tokens": 1, "messages": [{"role": "system", "content": "a"}]}"#, "messages[0].role"),
        (
            #"{"max_tokens": 1, "messages": [{"role": "user", "content": [{"type": "image"}]}]}"#,
            "messages[0].content[0].type"
        ),
        (#"{"max_tokens": 1, "messages": [{"role": "user", "content": "a"}], "stop": "x"}"#, "stop"),
        (
            #"{"max_tokens": 1, "messages": [{"role": "user", "content": "a"}], "tools": [{"type": "bash_1", "name": "bash"}]}"#,
            "tools[0].type"
        ),
        (
            #"{"max_tokens": 1, "messages": [{"role": "user", "content": "a"}], "thinking": {"type": "enabled"}}"#,
            "thinking"
        ),
    ])
    func `names what is wrong`(body: String, param: String) throws {
        let body = try JSONValue(parsing: Array(body.utf8))
        #expect(throws: APIError.self) { try MessageRequest(body) }
        do { _ = try MessageRequest(body) } catch { #expect(error.param == param) }
    }
}

import JSON
import OpenAI
import Testing

struct ResponseRequestTests {
    @Test func `40: items become the messages of a chat`() throws {
        let request = try ResponseRequest([
            "instructions": "Be brief.",
            "input": [
                ["role": "developer", "content": "a"],
                ["type": "message", "role": "user", "content": [["type": "input_text", "text": "b"]]],
                ["type": "reasoning", "id": "rs_1", "summary": []],
                ["type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"],
                ["type": "function_call", "call_id": "2", "name": "g", "arguments": "{}"],
                ["type": "function_call_output", "call_id": "1", "output": "c"],
            ],
        ])
        let messages = try request.chat(request.messages).prompt.messages
        #expect(messages.map(\.role) == [.system, .developer, .user, .assistant, .tool])
        #expect(messages.map(\.content) == ["Be brief.", "a", "b", nil, "c"])
        #expect(messages[3].toolCalls.map(\.name) == ["f", "g"])
        #expect(request.inputItems.count == 6 && request.isStored)
    }
}

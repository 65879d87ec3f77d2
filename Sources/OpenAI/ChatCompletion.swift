package import JSON

/// The whole answer of a chat completion.
package struct ChatCompletion: Sendable {
    package let head: AnswerHead
    package let content: String
    package let toolCalls: [ToolCall]
    package let finishReason: FinishReason
    package let usage: Usage

    package init(
        head: AnswerHead, content: String, toolCalls: [ToolCall], finishReason: FinishReason, usage: Usage
    ) {
        self.head = head
        self.content = content
        self.toolCalls = toolCalls
        self.finishReason = finishReason
        self.usage = usage
    }

    package var json: JSONValue {
        var message: JSONObject = [
            "role": "assistant", "content": toolCalls.isEmpty ? .string(content) : .null, "refusal": .null,
            "annotations": [],
        ]
        if !toolCalls.isEmpty { message["tool_calls"] = .array(toolCalls.map { $0.json() }) }
        let choice: JSONValue = [
            "index": 0, "message": .object(message), "logprobs": nil, "finish_reason": .string(finishReason.rawValue),
        ]
        var object = head.object("chat.completion", choices: [choice])
        object["usage"] = usage.json
        return .object(object)
    }
}

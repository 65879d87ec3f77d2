package import JSON

/// The whole answer of a chat completion.
package struct ChatCompletion: Sendable {
    package let head: AnswerHead
    package let choices: [Choice]
    package let usage: Usage
    package let timings: Timings

    package struct Choice: Sendable {
        package let content: String
        package let toolCalls: [ToolCall]
        /// Nil when the client did not ask for them.
        package let logprobs: [LogprobItem]?
        package let finishReason: FinishReason

        package init(content: String, toolCalls: [ToolCall], logprobs: [LogprobItem]?, finishReason: FinishReason) {
            self.content = content
            self.toolCalls = toolCalls
            self.logprobs = logprobs
            self.finishReason = finishReason
        }
    }

    package init(head: AnswerHead, choices: [Choice], usage: Usage, timings: Timings) {
        self.head = head
        self.choices = choices
        self.usage = usage
        self.timings = timings
    }

    package var json: JSONValue {
        var object = head.object(
            "chat.completion", choices: .array(choices.enumerated().map { $1.json(index: $0) }))
        object["usage"] = usage.json
        object["timings"] = timings.json
        return .object(object)
    }
}

extension ChatCompletion.Choice {
    fileprivate func json(index: Int) -> JSONValue {
        var message: JSONObject = [
            "role": "assistant", "content": content.isEmpty && !toolCalls.isEmpty ? .null : .string(content),
            "refusal": .null,
            "annotations": [],
        ]
        if !toolCalls.isEmpty { message["tool_calls"] = .array(toolCalls.map { $0.json() }) }
        return [
            "index": .integer(Int64(index)), "message": .object(message),
            "logprobs": logprobs.map(LogprobItem.chat) ?? .null,
            "finish_reason": .string(finishReason.rawValue),
        ]
    }
}

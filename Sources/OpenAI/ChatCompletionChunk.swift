package import JSON

/// One event of a streamed chat completion. Each choice is role, any content or tool calls, finish; the events of several
/// choices come in any order, and usage, if asked for, comes once at the end.
package enum ChatCompletionChunk: Sendable {
    /// Sent once a choice: the official client joins the roles of all chunks to one string.
    case role
    case content(String)
    case toolCall(index: Int, ToolCall)
    case finish(FinishReason)
    case usage(Usage)

    /// - Parameters:
    ///   - index: of the choice that the event is about; usage is about all.
    ///   - withUsage: the client asked for usage, so all chunks but the last carry a null in its place.
    package func json(_ head: AnswerHead, index: Int = 0, withUsage: Bool) -> JSONValue {
        var object = head.object("chat.completion.chunk", choices: choices(index))
        if case .usage(let usage) = self {
            object["usage"] = usage.json
        } else if withUsage {
            object["usage"] = .null
        }
        return .object(object)
    }

    private func choices(_ index: Int) -> JSONValue {
        switch self {
        case .role: [choice(index, ["role": "assistant", "content": "", "refusal": nil])]
        case .content(let text): [choice(index, ["content": .string(text)])]
        case .toolCall(let number, let call): [choice(index, ["tool_calls": [call.json(index: number)]])]
        case .finish(let reason): [choice(index, .object(JSONObject()), .string(reason.rawValue))]
        case .usage: []
        }
    }

    private func choice(_ index: Int, _ delta: JSONValue, _ finishReason: JSONValue = .null) -> JSONValue {
        ["index": .integer(Int64(index)), "delta": delta, "logprobs": nil, "finish_reason": finishReason]
    }
}

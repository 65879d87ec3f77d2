package import JSON

/// One event of a streamed chat completion. A stream is role, any content or tool calls, finish, usage if asked for.
package enum ChatCompletionChunk: Sendable {
    /// Sent once: the official client joins the roles of all chunks to one string.
    case role
    case content(String)
    case toolCall(index: Int, ToolCall)
    case finish(FinishReason)
    case usage(Usage)

    /// `withUsage`: the client asked for usage, so all chunks but the last carry a null in its place.
    package func json(_ head: AnswerHead, withUsage: Bool) -> JSONValue {
        var object = head.object("chat.completion.chunk", choices: choices)
        if case .usage(let usage) = self {
            object["usage"] = usage.json
        } else if withUsage {
            object["usage"] = .null
        }
        return .object(object)
    }

    private var choices: JSONValue {
        switch self {
        case .role: [choice(["role": "assistant", "content": "", "refusal": nil])]
        case .content(let text): [choice(["content": .string(text)])]
        case .toolCall(let index, let call): [choice(["tool_calls": [call.json(index: index)]])]
        case .finish(let reason): [choice(.object(JSONObject()), .string(reason.rawValue))]
        case .usage: []
        }
    }

    private func choice(_ delta: JSONValue, _ finishReason: JSONValue = .null) -> JSONValue {
        ["index": 0, "delta": delta, "logprobs": nil, "finish_reason": finishReason]
    }
}

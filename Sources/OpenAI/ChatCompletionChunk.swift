package import JSON

/// One event of a streamed chat completion. Each choice is role, any content or tool calls, finish; the events of several
/// choices come in any order, and usage, if asked for, comes once at the end. Between the role and the content of the first
/// choice stands the progress of the prompt, if that was asked for.
package enum ChatCompletionChunk: Sendable {
    /// Sent once a choice: the official client joins the roles of all chunks to one string.
    case role
    case progress(PromptProgress)
    case content(String)
    case toolCall(index: Int, ToolCall)
    case finish(FinishReason)
    case usage(Usage)

    /// - Parameters:
    ///   - index: of the choice that the event is about; usage is about all.
    ///   - withUsage: the client asked for usage, so all chunks but the last carry a null in its place.
    ///   - timings: of the choice so far, or of all in the chunk with usage.
    package func json(
        _ head: AnswerHead, index: Int = 0, withUsage: Bool, timings: Timings? = nil
    ) -> JSONValue {
        var object = head.object("chat.completion.chunk", choices: choices(index))
        if case .usage(let usage) = self {
            object["usage"] = usage.json
        } else if withUsage {
            object["usage"] = .null
        }
        object["timings"] = timings?.json
        if case .progress(let progress) = self { object["prompt_progress"] = progress.json }
        return .object(object)
    }

    private func choices(_ index: Int) -> JSONValue {
        switch self {
        case .role: [choice(index, ["role": "assistant", "content": "", "refusal": nil])]
        case .progress: [choice(index, .object(JSONObject()))]
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

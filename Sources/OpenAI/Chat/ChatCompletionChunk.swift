package import JSON

/// One event of a streamed chat completion. Each choice is role, any content, tool calls and their arguments, finish; the
/// events of several choices come in any order, and usage, if asked for, comes once at the end. Between the role and the
/// content of the first choice stands the progress of the prompt, if that was asked for.
package enum ChatCompletionChunk: Sendable {
    /// Sent once a choice: the official client joins the roles of all chunks to one string.
    case role
    case progress(PromptProgress)
    case content(String)
    /// A call begins; its arguments follow. Sent once a call: clients join ids and names too.
    case toolCall(index: Int, ToolCall)
    /// A piece of the arguments of a call.
    case arguments(index: Int, String)
    case finish(FinishReason)
    case usage(Usage)

    /// - Parameters:
    ///   - index: of the choice that the event is about; usage is about all.
    ///   - logprobs: of the tokens that have come since the last event; nil when there are none or nobody asked.
    ///   - withUsage: the client asked for usage, so all chunks but the last carry a null in its place.
    ///   - timings: of the choice so far, or of all in the chunk with usage.
    package func json(
        _ head: AnswerHead, index: Int = 0, logprobs: [LogprobItem]? = nil, withUsage: Bool, timings: Timings? = nil
    ) -> JSONValue {
        let logprobs = logprobs.map(LogprobItem.chat) ?? .null
        var object = head.object("chat.completion.chunk", choices: choices(index, logprobs))
        if case .usage(let usage) = self {
            object["usage"] = usage.json
        } else if withUsage {
            object["usage"] = .null
        }
        object["timings"] = timings?.json
        if case .progress(let progress) = self { object["prompt_progress"] = progress.json }
        return .object(object)
    }

    private func choices(_ index: Int, _ logprobs: JSONValue) -> JSONValue {
        let choice = { (delta: JSONValue, finishReason: JSONValue) -> JSONValue in
            ["index": .integer(Int64(index)), "delta": delta, "logprobs": logprobs, "finish_reason": finishReason]
        }
        return switch self {
        case .role: [choice(["role": "assistant", "content": "", "refusal": nil], nil)]
        case .progress: [choice(.object(JSONObject()), nil)]
        case .content(let text): [choice(["content": .string(text)], nil)]
        case .toolCall(let number, let call): [choice(["tool_calls": [call.json(index: number)]], nil)]
        case .arguments(let number, let text):
            [
                choice(
                    ["tool_calls": [["index": .integer(Int64(number)), "function": ["arguments": .string(text)]]]], nil)
            ]
        case .finish(let reason): [choice(.object(JSONObject()), .string(reason.rawValue))]
        case .usage: []
        }
    }
}

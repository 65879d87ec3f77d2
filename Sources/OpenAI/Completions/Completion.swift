package import JSON

/// An answer of POST /v1/completions, whole or one event of a stream: both have the same shape.
package struct Completion: Sendable {
    package let head: AnswerHead
    package let choices: [Choice]

    package struct Choice: Sendable {
        package let index: Int
        package let text: String
        /// Nil when the client did not ask for them.
        package let logprobs: [LogprobItem]?
        package let finishReason: FinishReason?

        package init(index: Int, text: String, logprobs: [LogprobItem]?, finishReason: FinishReason?) {
            self.index = index
            self.text = text
            self.logprobs = logprobs
            self.finishReason = finishReason
        }
    }

    package init(head: AnswerHead, choices: [Choice]) {
        self.head = head
        self.choices = choices
    }

    package enum UsageMember: Sendable {
        case absent
        /// Every event of a stream that will end with usage, but that last one.
        case null
        case present(Usage)
    }

    /// - Parameters:
    ///   - timings: of the choices so far.
    ///   - progress: of the prompt, in an event without text.
    package func json(
        usage: UsageMember, timings: Timings? = nil, progress: PromptProgress? = nil
    ) -> JSONValue {
        var object = Self.object(head, choices: .array(choices.map(\.json)), usage: usage)
        object["timings"] = timings?.json
        object["prompt_progress"] = progress?.json
        return .object(object)
    }

    /// The last event of a stream whose client asked for usage: no choices.
    package static func usageEvent(_ head: AnswerHead, _ usage: Usage, _ timings: Timings) -> JSONValue {
        var object = object(head, choices: [], usage: .present(usage))
        object["timings"] = timings.json
        return .object(object)
    }

    private static func object(_ head: AnswerHead, choices: JSONValue, usage: UsageMember) -> JSONObject {
        var object = head.object("text_completion", choices: choices)
        switch usage {
        case .absent: break
        case .null: object["usage"] = .null
        case .present(let usage): object["usage"] = usage.json
        }
        return object
    }
}

extension Completion.Choice {
    fileprivate var json: JSONValue {
        [
            "index": .integer(Int64(index)), "text": .string(text),
            "logprobs": logprobs.map(LogprobItem.legacy) ?? .null,
            "finish_reason": finishReason.map { .string($0.rawValue) } ?? .null,
        ]
    }
}

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

    package func json(usage: UsageMember) -> JSONValue {
        Self.json(head, choices: .array(choices.map(\.json)), usage: usage)
    }

    /// The last event of a stream whose client asked for usage: no choices.
    package static func usageEvent(_ head: AnswerHead, _ usage: Usage) -> JSONValue {
        json(head, choices: [], usage: .present(usage))
    }

    private static func json(_ head: AnswerHead, choices: JSONValue, usage: UsageMember) -> JSONValue {
        var object = head.object("text_completion", choices: choices)
        switch usage {
        case .absent: break
        case .null: object["usage"] = .null
        case .present(let usage): object["usage"] = usage.json
        }
        return .object(object)
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

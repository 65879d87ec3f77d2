package import JSON

/// An answer of POST /v1/completions, whole or one event of a stream: both have the same shape.
package struct Completion: Sendable {
    package let head: AnswerHead
    package let text: String
    package let finishReason: FinishReason?

    package init(head: AnswerHead, text: String, finishReason: FinishReason?) {
        self.head = head
        self.text = text
        self.finishReason = finishReason
    }

    package enum UsageMember: Sendable {
        case absent
        /// Every event of a stream that will end with usage, but that last one.
        case null
        case present(Usage)
    }

    package func json(usage: UsageMember) -> JSONValue {
        let choice: JSONValue = [
            "index": 0, "text": .string(text), "logprobs": nil,
            "finish_reason": finishReason.map { .string($0.rawValue) } ?? .null,
        ]
        return Self.json(head, choices: [choice], usage: usage)
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

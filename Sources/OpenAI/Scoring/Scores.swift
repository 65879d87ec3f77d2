import Foundation
package import JSON

/// The answer to a score request.
package struct Scores: Sendable {
    package struct Text: Sendable {
        let label: String
        let logprobs: [LogprobItem]

        /// - Parameter label: the text as the client gave it, or what its tokens say.
        package init(label: String, logprobs: [LogprobItem]) {
            self.label = label
            self.logprobs = logprobs
        }

        /// Of the whole text.
        var logprob: Double { logprobs.reduce(0) { $0 + Double($1.token.logprob ?? 0) } }
    }

    private let head: AnswerHead
    private let texts: [Text]
    private let usage: Usage

    package init(head: AnswerHead, texts: [Text], usage: Usage) {
        self.head = head
        self.texts = texts
        self.usage = usage
    }

    /// One object for each text.
    package var json: JSONValue {
        list(
            texts.enumerated().map { index, text in
                [
                    "index": .integer(Int64(index)), "object": "score", "text": .string(text.label),
                    "logprob": LogprobItem.number(text.logprob),
                    "mean_logprob": LogprobItem.number(text.logprob / Double(max(1, text.logprobs.count))),
                    "logprobs": LogprobItem.chat(text.logprobs),
                ]
            })
    }

    /// vLLM's shape: probabilities that sum to 1 over the labels, and the likeliest label.
    package var classification: JSONValue {
        let logprobs = texts.map(\.logprob)
        let best = logprobs.indices.max { logprobs[$0] < logprobs[$1] } ?? 0
        let weights = logprobs.map { exp($0 - logprobs[best]) }
        let sum = weights.reduce(0, +)
        return list([
            [
                "index": 0, "label": .string(texts[best].label), "probs": .array(weights.map { .number($0 / sum) }),
                "num_classes": .integer(Int64(texts.count)), "labels": .array(texts.map { .string($0.label) }),
                "logprobs": .array(logprobs.map(LogprobItem.number)),
            ]
        ])
    }

    private func list(_ data: [JSONValue]) -> JSONValue {
        [
            "id": .string(head.id), "object": "list", "created": .integer(head.created), "model": .string(head.model),
            "system_fingerprint": .string(head.fingerprint), "data": .array(data), "usage": usage.json,
        ]
    }
}

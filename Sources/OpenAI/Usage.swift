package import JSON

/// Token counts of one answer.
package struct Usage: Sendable, Equatable {
    package var promptTokens: Int
    package var completionTokens: Int
    /// Prompt tokens whose keys and values were there already.
    package var cachedTokens: Int

    package init(promptTokens: Int, completionTokens: Int, cachedTokens: Int = 0) {
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.cachedTokens = cachedTokens
    }

    package var json: JSONValue {
        [
            "prompt_tokens": .integer(Int64(promptTokens)), "completion_tokens": .integer(Int64(completionTokens)),
            "total_tokens": .integer(Int64(promptTokens + completionTokens)),
            "prompt_tokens_details": ["cached_tokens": .integer(Int64(cachedTokens)), "audio_tokens": 0],
            "completion_tokens_details": [
                "reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            ],
        ]
    }
}

extension Usage {
    package static let none = Usage(promptTokens: 0, completionTokens: 0)

    package static func + (left: Usage, right: Usage) -> Usage {
        Usage(
            promptTokens: left.promptTokens + right.promptTokens,
            completionTokens: left.completionTokens + right.completionTokens,
            cachedTokens: left.cachedTokens + right.cachedTokens)
    }
}

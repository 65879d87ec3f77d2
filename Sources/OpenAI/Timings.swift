package import JSON

/// How fast an answer came, in llama-server's words: its web page and Open WebUI show them.
package struct Timings: Sendable, Equatable {
    /// Prompt tokens that did not have to be computed.
    package var cachedTokens: Int
    /// Those that were.
    package var promptTokens: Int
    package var promptTime: Duration
    package var predictedTokens: Int
    /// Of these, the ones that came in `predictedTime`, which begins with the first token.
    package var timedTokens: Int
    package var predictedTime: Duration
    /// Tokens that were guessed, and how many of them were right.
    package var draftTokens: Int
    package var acceptedTokens: Int

    package init(
        cachedTokens: Int, promptTokens: Int, promptTime: Duration, predictedTokens: Int, timedTokens: Int,
        predictedTime: Duration, draftTokens: Int = 0, acceptedTokens: Int = 0
    ) {
        self.cachedTokens = cachedTokens
        self.promptTokens = promptTokens
        self.promptTime = promptTime
        self.predictedTokens = predictedTokens
        self.timedTokens = timedTokens
        self.predictedTime = predictedTime
        self.draftTokens = draftTokens
        self.acceptedTokens = acceptedTokens
    }

    /// 0 where nothing was timed: clients calculate with these numbers.
    package var predictedPerSecond: Double {
        Self.quotient(Double(1000 * timedTokens), predictedTime / .milliseconds(1))
    }

    package var json: JSONValue {
        let (prompt, predicted) = (promptTime / .milliseconds(1), predictedTime / .milliseconds(1))
        var object: JSONObject = [
            "cache_n": .integer(Int64(cachedTokens)),
            "prompt_n": .integer(Int64(promptTokens)), "prompt_ms": .number(prompt),
            "prompt_per_token_ms": .number(Self.quotient(prompt, Double(promptTokens))),
            "prompt_per_second": .number(Self.quotient(Double(1000 * promptTokens), prompt)),
            "predicted_n": .integer(Int64(predictedTokens)), "predicted_ms": .number(predicted),
            "predicted_per_token_ms": .number(Self.quotient(predicted, Double(timedTokens))),
            "predicted_per_second": .number(predictedPerSecond),
        ]
        if draftTokens > 0 {
            object["draft_n"] = .integer(Int64(draftTokens))
            object["draft_n_accepted"] = .integer(Int64(acceptedTokens))
        }
        return .object(object)
    }

    private static func quotient(_ dividend: Double, _ divisor: Double) -> Double {
        divisor > 0 ? dividend / divisor : 0
    }
}

/// One sequence to generate, in the engine's own terms: ids and numbers, checked, nothing left to interpret.
package struct GenerationRequest: Sendable {
    package var prompt: [Int32]
    package var sampling: SamplingParameters
    /// Most tokens to generate, at least 1. The context length ends a request too.
    package var maxTokens: Int
    /// Ids that end the text; the one that does is not part of it. Empty with `ignore_eos`.
    package var stopTokens: [Int32]
    /// When it is too late for an answer; the request then ends with `FinishReason.deadline`.
    package var deadline: ContinuousClock.Instant?
    /// Most likely tokens to report beside each sampled one; nil reports no log-probabilities at all.
    package var topLogprobs: Int?
    /// Only requests with the same salt share what they have computed.
    package var cacheSalt: String
    /// What limits the text; nil where nothing does.
    package var constraint: (any ConstraintSource)?

    package init(
        prompt: [Int32], sampling: SamplingParameters = .greedy, maxTokens: Int = 16, stopTokens: [Int32] = [],
        deadline: ContinuousClock.Instant? = nil, topLogprobs: Int? = nil, cacheSalt: String = "",
        constraint: (any ConstraintSource)? = nil
    ) {
        self.prompt = prompt
        self.sampling = sampling
        self.maxTokens = maxTokens
        self.stopTokens = stopTokens
        self.deadline = deadline
        self.topLogprobs = topLogprobs
        self.cacheSalt = cacheSalt
        self.constraint = constraint
    }
}

/// What to generate from one prompt, in the engine's own terms: ids and numbers, checked, nothing left to interpret.
package struct GenerationRequest: Sendable {
    package var prompt: [Int32]
    package var sampling: SamplingParameters
    /// Texts to generate from the prompt, which is computed once for all; at least 1. Each draws with a seed of its own,
    /// the first with that of `sampling`.
    package let samples: Int
    /// Most tokens to generate for each; with 0 the request ends when its prompt is computed. The context length ends a
    /// request too.
    package var maxTokens: Int
    /// Ids that end the text; the one that does is not part of it. Empty with `ignore_eos`.
    package var stopTokens: [Int32]
    /// Requests with a lower one go first, and take the blocks of those with a higher one.
    package var priority: Int
    /// On whose behalf: between tenants the machine is shared fairly.
    package var tenant: Tenant
    /// When it is too late for an answer; the request then ends with `FinishReason.deadline`.
    package var deadline: ContinuousClock.Instant?
    /// Most likely tokens to report beside each sampled one; nil reports no log-probabilities at all.
    package var topLogprobs: Int?
    /// The first sample reports these log-probabilities of the prompt; nil for none.
    package var scoring: PromptScoring?
    /// Makes one vector of the prompt's hidden states, told before the end; nil for none. Such a request generates
    /// nothing.
    package var pooling: Pooling?
    /// Only requests with the same salt share what they have computed.
    package var cacheSalt: String
    /// What limits the text; nil where nothing does.
    package var constraint: (any ConstraintSource)?

    package init(
        prompt: [Int32], sampling: SamplingParameters = .greedy, samples: Int = 1, maxTokens: Int = 16,
        stopTokens: [Int32] = [], priority: Int = 0, tenant: Tenant = .nobody,
        deadline: ContinuousClock.Instant? = nil, topLogprobs: Int? = nil, scoring: PromptScoring? = nil,
        pooling: Pooling? = nil, cacheSalt: String = "", constraint: (any ConstraintSource)? = nil
    ) {
        self.prompt = prompt
        self.sampling = sampling
        precondition(samples > 0, "a request has a sample")
        self.samples = samples
        self.maxTokens = maxTokens
        self.stopTokens = stopTokens
        self.priority = priority
        self.tenant = tenant
        self.deadline = deadline
        self.topLogprobs = topLogprobs
        self.scoring = scoring
        self.pooling = pooling
        self.cacheSalt = cacheSalt
        self.constraint = constraint
    }
}

extension GenerationRequest {
    /// The first token of the prompt for which the row before it is looked at.
    var firstWanted: Int {
        let first = pooling == .mean ? 1 : scoring?.first ?? prompt.count
        return min(first, prompt.count)
    }
}

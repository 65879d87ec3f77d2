/// How the engine shares its steps. Read once, when the engine is made.
package struct EngineSettings: Sendable {
    /// Samples of requests that may wait for blocks; one request more is refused with `EngineError.queueFull`.
    package var queueLimit: Int
    /// How many of them may be of one tenant that has a name.
    package var tenantQueueLimit: Int
    /// What a step should take at most while requests decode: prompts beside them get the time that is left. With nobody
    /// decoding a step takes as many prompt tokens as the model has rows. Nil leaves it to what `StepTimes` learns.
    package var stepTarget: Duration?
    /// Events that may wait for a reader; one that falls further behind has its request cancelled.
    package var undeliveredLimit: Int
    /// Whether requests use what others have computed for the same beginning.
    package var sharesPrefixes: Bool
    package var admission: AdmissionPolicy
    /// Whether tokens are guessed where rows of a step are free.
    package var speculates: Bool
    /// Tokens that a draft model guesses for a request in one step, at most.
    package var draftLimit: Int

    package init(
        queueLimit: Int = 256, tenantQueueLimit: Int = 32, stepTarget: Duration? = nil, undeliveredLimit: Int = 4_096,
        sharesPrefixes: Bool = true, admission: AdmissionPolicy = .optimistic, speculates: Bool = true,
        draftLimit: Int = 4
    ) {
        self.queueLimit = max(1, queueLimit)
        self.tenantQueueLimit = max(1, tenantQueueLimit)
        self.stepTarget = stepTarget
        self.undeliveredLimit = max(1, undeliveredLimit)
        self.sharesPrefixes = sharesPrefixes
        self.admission = admission
        self.speculates = speculates
        self.draftLimit = min(max(1, draftLimit), DraftLength.longest)
    }
}

/// What one sample of a request has cost so far, by the engine's account: for answers, metrics and the log.
///
/// Its life has three phases: the queue, up to its first blocks; prefill, up to its first token; decode, up to its last.
/// What a preempted request waits and computes again counts to the phase it was in.
package struct SampleRecord: Sendable, Equatable {
    package let submitted: ContinuousClock.Instant
    package let promptTokens: Int
    package internal(set) var admitted: ContinuousClock.Instant?
    package private(set) var firstToken: ContinuousClock.Instant?
    package private(set) var lastToken: ContinuousClock.Instant?
    /// When this was so.
    package private(set) var time: ContinuousClock.Instant
    /// Prompt tokens that did not have to be computed.
    package private(set) var cachedTokens = 0
    package private(set) var outputTokens = 0
    /// Tokens that were guessed, and how many of them were right.
    package internal(set) var draftTokens = 0
    package internal(set) var acceptedTokens = 0
    /// How often it lost its blocks to others.
    package internal(set) var preemptions = 0
    package private(set) var finish: FinishReason?

    init(submitted: ContinuousClock.Instant, promptTokens: Int) {
        self.submitted = submitted
        self.promptTokens = promptTokens
        time = submitted
    }

    package var queueTime: Duration { (admitted ?? time) - submitted }
    package var prefillTime: Duration { admitted.map { (firstToken ?? time) - $0 } ?? .zero }
    package var decodeTime: Duration { firstToken.map { (lastToken ?? $0) - $0 } ?? .zero }

    mutating func take(_ event: TokenEvent, at now: ContinuousClock.Instant) {
        time = now
        switch event {
        case .prefill(_, _, let cached): cachedTokens = cached
        case .scored, .vector: break
        case .token:
            outputTokens += 1
            firstToken = firstToken ?? now
            lastToken = now
        case .finished(let reason): finish = reason
        }
    }
}

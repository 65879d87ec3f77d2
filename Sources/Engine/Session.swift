import Model
import Telemetry

/// What the engine thread keeps of a sample of a request besides its place in the scheduler.
struct Session {
    let submission: Submission
    private var sample = 0
    private var sampling: SamplingParameters
    private var history: TokenHistory
    private var constraint: (any TokenConstraint)?
    private var isAdmitted = false
    private var lastTokenTime: ContinuousClock.Instant?

    init(_ submission: Submission) {
        self.submission = submission
        sampling = submission.request.sampling
        history = TokenHistory(prompt: submission.request.prompt, for: submission.request.sampling)
        constraint = Self.constraint(of: submission.request)
    }

    private static func constraint(of request: GenerationRequest) -> (any TokenConstraint)? {
        request.constraint?.constraint(stopTokens: request.stopTokens)
    }

    /// Another sample of a request of which nothing has come yet.
    func sibling(_ sample: Int) -> Session {
        var sibling = self
        sibling.sample = sample
        // Each has come as far as its own text.
        if sample > 0 { sibling.constraint = Self.constraint(of: submission.request) }
        sibling.sampling.seed = CounterRandom.seed(sampling.seed, sample: sample)
        return sibling
    }

    var events: EventQueue { submission.events[sample] }

    func draw(_ row: LogitsRow, output: Int) -> RowDraw {
        let request = submission.request
        return RowDraw(
            row: row, parameters: sampling, history: history, output: output, topLogprobs: request.topLogprobs,
            constraint: constraint)
    }

    /// For the log-probability of a token of the prompt, in the row before it.
    func score(_ row: LogitsRow, position: Int) -> RowDraw {
        let request = submission.request
        return RowDraw(
            row: row, parameters: sampling, history: history, output: 0, topLogprobs: request.scoring?.top,
            given: request.prompt[position])
    }

    /// Takes in what was drawn, and says whether its constraint makes it the last.
    mutating func remember(_ outcome: RowOutcome) -> RowOutcome {
        guard case .token(let token) = outcome else { return outcome }
        history.append(token.id)
        switch constraint?.accept(token.id) {
        case nil, .open: return outcome
        case .free:
            constraint = nil
            return outcome
        case .ended: return .lastToken(token)
        }
    }

    /// Only the first admission ends the wait; a preempted request is admitted again. Says whether it was the first.
    mutating func admit(at now: ContinuousClock.Instant, _ metrics: EngineMetrics) -> Bool {
        guard !isAdmitted else { return false }
        isAdmitted = true
        metrics.queueTime.observe(now - submission.time)
        return true
    }

    mutating func count(_ event: TokenEvent, at now: ContinuousClock.Instant, _ metrics: EngineMetrics) {
        switch event {
        case .prefill(let computed, let total, let cached):
            if computed == total { metrics.promptRead(tokens: total, cached: cached) }
        case .scored: break
        case .token:
            metrics.tokenGenerated()
            if let lastTokenTime {
                metrics.interToken.observe(now - lastTokenTime)
            } else {
                metrics.firstToken.observe(now - submission.time)
            }
            lastTokenTime = now
        case .finished(let reason):
            metrics.requestEnded(reason)
            metrics.endToEnd.observe(now - submission.time)
        }
    }
}

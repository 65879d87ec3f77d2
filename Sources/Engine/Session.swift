import Model
import Telemetry

/// What the engine thread keeps of a sample of a request besides its place in the scheduler.
struct Session {
    let submission: Submission
    private var sample = 0
    private var sampling: SamplingParameters
    private var history: TokenHistory
    private var constraint: (any TokenConstraint)?
    private var record: SampleRecord
    /// Shared by all samples of the request.
    private let tally: RequestTally

    init(_ submission: Submission) {
        self.submission = submission
        sampling = submission.request.sampling
        history = TokenHistory(prompt: submission.request.prompt, for: submission.request.sampling)
        constraint = Self.constraint(of: submission.request)
        record = SampleRecord(submission)
        tally = RequestTally(samples: submission.request.samples)
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

    func draw(_ row: LogitsRow, output: Int) -> RowDraw {
        let request = submission.request
        return RowDraw(
            row: row, parameters: sampling, history: history, output: output, topLogprobs: request.topLogprobs,
            constraint: constraint)
    }

    /// As `draw`, from a row of the draft model.
    func guess(_ row: LogitsRow, output: Int) -> RowDraw {
        RowDraw(
            row: row, parameters: sampling, history: history, output: output, topLogprobs: nil, constraint: constraint)
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

    /// Hands events of one step to the reader; false when too many then wait for it.
    func deliver(_ events: some Collection<TokenEvent>, limit: Int) -> Bool {
        submission.events[sample].deliver(events, record, limit: limit)
    }
}

// MARK: - The account

extension Session {
    /// Only the first admission ends the wait; a preempted request is admitted again. Says whether it was the first.
    mutating func admit(at now: ContinuousClock.Instant, _ metrics: EngineMetrics) -> Bool {
        guard record.admitted == nil else { return false }
        record.admitted = now
        metrics.queueTime.observe(record.queueTime)
        return true
    }

    mutating func preempt() { record.preemptions += 1 }

    mutating func count(_ outcome: DraftOutcome) {
        record.draftTokens += outcome.drafted
        record.acceptedTokens += outcome.accepted
    }

    mutating func count(_ event: TokenEvent, at now: ContinuousClock.Instant, _ metrics: EngineMetrics) {
        let lastToken = record.lastToken
        record.take(event, at: now)
        switch event {
        case .prefill(let computed, let total, let cached):
            if computed == total { metrics.promptRead(tokens: total, cached: cached) }
        case .scored: break
        case .token: metrics.tokenGenerated(after: lastToken.map { now - $0 }, sinceArrival: now - submission.time)
        case .finished(let reason):
            metrics.requestEnded(reason)
            metrics.requests.sampleEnded(record)
            let isLast = tally.end(outputTokens: record.outputTokens)
            if isLast { metrics.requests.requestEnded(submission.request, longest: tally.longest) }
        }
    }
}

extension SampleRecord {
    init(_ submission: Submission) {
        self.init(submitted: submission.time, promptTokens: submission.request.prompt.count)
    }
}

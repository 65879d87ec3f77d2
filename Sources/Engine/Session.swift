import Model
import Telemetry

/// What the engine thread keeps of a sample of a request besides its place in the scheduler.
///
/// An object, as it changes several times a step where it lies: a value in a dictionary is moved out and back each time.
final class Session {
    let submission: Submission
    private let sample: Int
    private let sampling: SamplingParameters
    private var history: TokenHistory
    private var constraint: (any TokenConstraint)?
    private var pooled: PooledStates?
    private var record: SampleRecord
    /// Shared by all samples of the request.
    private let tally: RequestTally

    private init(_ submission: Submission, sample: Int, history: TokenHistory, tally: RequestTally) {
        let request = submission.request
        self.submission = submission
        self.sample = sample
        self.history = history
        self.tally = tally
        var sampling = request.sampling
        sampling.seed = CounterRandom.seed(sampling.seed, sample: sample)
        self.sampling = sampling
        // Each has come as far as its own text.
        constraint = request.constraint?.constraint(stopTokens: request.stopTokens)
        pooled = request.pooling.map(PooledStates.init)
        record = SampleRecord(submission)
    }

    /// Those of all samples of a request.
    static func samples(of submission: Submission) -> [Session] {
        let request = submission.request
        let history = TokenHistory(prompt: request.prompt, for: request.sampling)
        let tally = RequestTally(samples: request.samples)
        return (0..<request.samples).map { Session(submission, sample: $0, history: history, tally: tally) }
    }

    /// Nil for a request of which nothing is drawn, and behind guesses that would be the end.
    func draw(_ row: LogitsRow, output: Int, behind guesses: ArraySlice<Int32>) -> RowDraw? {
        let request = submission.request
        guard request.pooling == nil else { return nil }
        var (history, constraint) = (history, guesses.isEmpty ? constraint : constraint?.copy())
        for guess in guesses {
            history.append(guess)
            switch constraint?.accept(guess) {
            case nil, .open: break
            case .free: constraint = nil
            case .ended: return nil
            }
        }
        return RowDraw(
            row: row, parameters: sampling, history: history, output: output, room: request.maxTokens - output - 1,
            topLogprobs: request.topLogprobs, constraint: constraint)
    }

    /// At most `limit` tokens that come next if the constraint leaves no choice.
    func forcedTokens(limit: Int) -> [Int32] { constraint?.forcedTokens(limit: limit) ?? [] }

    /// As `draw`, from a row of the draft model.
    func guess(_ row: LogitsRow, output: Int) -> RowDraw {
        RowDraw(
            row: row, parameters: sampling, history: history, output: output,
            room: submission.request.maxTokens - output - 1, topLogprobs: nil, constraint: constraint)
    }

    /// For the log-probability of a token of the prompt, in the row before it.
    func score(_ row: LogitsRow, position: Int) -> RowDraw? {
        let request = submission.request
        guard request.pooling == nil else { return nil }
        return RowDraw(
            row: row, parameters: sampling, history: history, output: 0, topLogprobs: request.scoring?.top,
            given: request.prompt[position])
    }

    var isPooled: Bool { pooled != nil }

    /// Takes in the hidden state of a row, and gives the vector behind the last.
    func pool(_ state: [Float], isLast: Bool) -> RowOutcome {
        guard let isNumber = pooled?.add(state), isNumber, let vector = pooled?.vector else { return .notANumber }
        return isLast ? .vector(vector) : .pooled
    }

    /// Takes in what was drawn, and says whether its constraint makes it the last.
    func remember(_ outcome: RowOutcome) -> RowOutcome {
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
    func admit(at now: ContinuousClock.Instant, _ metrics: EngineMetrics) -> Bool {
        guard record.admitted == nil else { return false }
        record.admitted = now
        metrics.queueTime.observe(record.queueTime)
        return true
    }

    func preempt() { record.preemptions += 1 }

    func count(_ outcome: DraftOutcome) {
        record.draftTokens += outcome.drafted
        record.acceptedTokens += outcome.accepted
    }

    func count(_ event: TokenEvent, at now: ContinuousClock.Instant, _ metrics: EngineMetrics) {
        let lastToken = record.lastToken
        record.take(event, at: now)
        switch event {
        case .prefill(let computed, let total, let cached):
            if computed == total { metrics.promptRead(tokens: total, cached: cached) }
        case .scored, .vector: break
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

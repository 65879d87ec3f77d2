import Engine
import Language
import OpenAI

/// A piece of an answer: text that is final, and at the end why it ended. Before the text, how far the prompt is.
struct TextDelta: Sendable {
    var progress: PromptProgress?
    var text = ""
    /// What it was made of; empty if the request did not ask for log-probabilities.
    var logprobs: [LogprobItem] = []
    var finishReason: OpenAI.FinishReason?
}

/// Turns a request's tokens into text: whole characters only, cut before a stop string.
struct TextStream {
    private let tokens: TokenStream
    private let meter: Meter.Line
    private var detokenizer: Detokenizer
    private var stopFilter: StopFilter
    private let reportsProgress: Bool
    private let vocabulary: Vocabulary
    /// Nil if the client has not asked for log-probabilities.
    private var ledger: TokenLedger?
    private(set) var completionTokens = 0
    /// Of the tokens of the prompt that the request wanted scored.
    private(set) var promptScores: [SampledToken] = []
    /// Of the prompt, if the request wanted that.
    private(set) var promptVector: [Float] = []
    /// The stop string that ended the text, if one did.
    private(set) var stop: String?
    private let stops: [String]
    private var logprobSum = 0.0
    private var finishReason: OpenAI.FinishReason?

    init(_ tokens: TokenStream, tokenizer: Tokenizer, _ options: TextOptions, meter: Meter.Line) {
        self.tokens = tokens
        self.meter = meter
        reportsProgress = options.reportsProgress
        vocabulary = tokenizer.vocabulary
        ledger = options.reportsLogprobs ? TokenLedger() : nil
        let shown = options.showsPythonTag ? tokenizer.vocabulary.special(ToolCallParser.pythonTag) : nil
        detokenizer = Detokenizer(tokenizer.vocabulary, shown: shown)
        stops = options.stop
        stopFilter = StopFilter(options.stop)
    }

    /// The text stands behind so many other characters.
    mutating func begin(at offset: Int) { ledger?.begin(at: offset) }

    /// Of its tokens; NaN if the request did not ask for log-probabilities. No text is the least likely one.
    var meanLogprob: Double { completionTokens == 0 ? -.infinity : logprobSum / Double(completionTokens) }

    /// What it has cost so far.
    var summary: AnswerSummary.Sample {
        let record = tokens.record
        return AnswerSummary.Sample(
            record: record, tokens: completionTokens,
            ending: finishReason?.rawValue ?? record.finish?.word ?? "abort")
    }

    var timings: Timings { AnswerSummary(summary).timings }

    private var isFinished: Bool { finishReason != nil }

    /// What has come since the last call, waiting until there is some; nil after the delta with the finish reason.
    /// Throws `APIError` when the engine gave up, `CancellationError` when the task was cancelled.
    mutating func next() async throws -> TextDelta? {
        var delta = TextDelta()
        while !isFinished, delta.text.isEmpty, delta.progress == nil {
            let events = await tokens.nextBatch()
            guard !events.isEmpty else { throw CancellationError() }
            for event in events where !isFinished { try take(event, into: &delta) }
        }
        delta.logprobs = ledger?.release(delta.text) ?? []
        if isFinished { delta.logprobs += ledger?.finish() ?? [] }
        return delta.text.isEmpty && delta.finishReason == nil && delta.progress == nil ? nil : delta
    }

    private mutating func take(_ event: TokenEvent, into delta: inout TextDelta) throws(APIError) {
        meter.take(event)
        switch event {
        case .prefill(let computed, let total, let cached):
            guard reportsProgress else { return }
            delta.progress = PromptProgress(
                total: total, cached: cached, processed: computed, time: tokens.record.prefillTime)
        case .scored(let tokens): promptScores += tokens
        case .vector(let vector): promptVector = vector
        case .token(let token):
            completionTokens += 1
            logprobSum += Double(token.logprob)
            let text = detokenizer.push(token.id)
            note(token, text)
            if push(text, into: &delta) {
                tokens.cancel()
                finish(.stop, &delta)
            }
        case .finished(let reason):
            let reason = try Self.finishReason(reason)
            let rest = detokenizer.finish()
            ledger?.close(rest)
            let isStopped = push(rest, into: &delta)
            delta.text += stopFilter.flush()
            finish(isStopped ? .stop : reason, &delta)
        }
    }

    private mutating func note(_ token: SampledToken, _ text: String) {
        guard let offset = ledger?.offset else { return }
        ledger?.append(
            LogprobItem(token, offset: offset, vocabulary), text: text, isWhole: detokenizer.isWhole)
    }

    /// Adds what may be sent; says whether a stop string is complete.
    private mutating func push(_ text: String, into delta: inout TextDelta) -> Bool {
        let output = stopFilter.push(text)
        delta.text += output.text
        stop = stop ?? output.stop.map { stops[$0] }
        return output.stop != nil
    }

    private mutating func finish(_ reason: OpenAI.FinishReason, _ delta: inout TextDelta) {
        delta.finishReason = reason
        finishReason = reason
    }

    private static func finishReason(_ reason: Engine.FinishReason) throws(APIError) -> OpenAI.FinishReason {
        switch reason {
        case .stop, .complete: return .stop
        case .deadEnd:
            throw .internalError(
                "The model has no token that its output constraint allows here.", code: "grammar_dead_end")
        case .length: return .length
        case .cancelled:
            throw .internalError("The request was cancelled: its reader fell too far behind.", code: "slow_reader")
        case .withdrawn:
            throw .cancelled("The request was cancelled by DELETE /v1/requests.")
        case .deadline:
            throw APIError(
                status: 408, type: "timeout_error", message: "The request's time-out has passed.", code: "timeout")
        case .numericalError:
            throw .internalError("The model's output was not a number.", code: "numerical_error")
        case .shutdown:
            throw .unavailable(
                "The server shut down before the answer was complete.", code: "draining", retryAfterSeconds: 10)
        }
    }
}

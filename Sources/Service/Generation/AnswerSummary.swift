import Engine
import HTTP
import OpenAI

/// What an answer took, as usage, timings, `Server-Timing` header and the request's line of the log tell it.
///
/// The samples of a prompt share it, so its tokens count once, and only the first of them computes it. Queue lasts until
/// the first of several prompts gets memory, prefill from there to the last of their first tokens, decode from the first
/// token of any to the last token of all.
struct AnswerSummary: Sendable {
    struct Sample: Sendable {
        let record: SampleRecord
        /// That went into the answer: behind a stop string there may be more.
        let tokens: Int
        let ending: String
    }

    /// At least one, in order: those of the first prompt, those of the second.
    let samples: [Sample]
    /// Of each prompt, its first.
    private let firsts: [SampleRecord]

    private init(all: [Sample], samples count: Int) {
        samples = all
        firsts = stride(from: 0, to: all.count, by: count).map { all[$0].record }
    }

    /// Of an answer that was not finished.
    init(broken streams: [TokenStream], samples count: Int) {
        let records = streams.map(\.record)
        // What ended one of them ended the others too, whose own ends nobody has read.
        let cause = records.compactMap { $0.finish?.word }.first { $0 != "stop" && $0 != "length" }
        let all = records.map {
            Sample(record: $0, tokens: $0.outputTokens, ending: $0.finish?.word ?? cause ?? "abort")
        }
        self.init(all: all, samples: count)
    }

    /// - Parameter samples: of each prompt.
    init(_ texts: [TextStream], samples: Int) { self.init(all: texts.map(\.summary), samples: samples) }

    init(_ sample: Sample) { self.init(all: [sample], samples: 1) }

    private var promptTokens: Int { firsts.reduce(0) { $0 + $1.promptTokens } }
    private var cachedTokens: Int { firsts.reduce(0) { $0 + $1.cachedTokens } }
    private var submitted: ContinuousClock.Instant { firsts[0].submitted }
    /// Nil while none has.
    private var admitted: ContinuousClock.Instant? { firsts.compactMap(\.admitted).min() }
    private var firstToken: ContinuousClock.Instant? { samples.compactMap(\.record.firstToken).min() }
    private var queueTime: Duration { (admitted ?? firsts[0].time) - submitted }
    private var prefillTime: Duration {
        guard let admitted, let end = firsts.map({ $0.firstToken ?? $0.time }).max() else { return .zero }
        return end - admitted
    }
    private var outputTokens: Int { samples.reduce(0) { $0 + $1.tokens } }
    private var decodeTime: Duration {
        guard let firstToken, let end = samples.compactMap(\.record.lastToken).max() else { return .zero }
        return end - firstToken
    }

    var usage: Usage {
        Usage(promptTokens: promptTokens, completionTokens: outputTokens, cachedTokens: cachedTokens)
    }

    var timings: Timings {
        Timings(
            cachedTokens: cachedTokens, promptTokens: promptTokens - cachedTokens, promptTime: prefillTime,
            predictedTokens: outputTokens,
            timedTokens: samples.reduce(0) { $0 + max(0, $1.tokens - 1) }, predictedTime: decodeTime,
            draftTokens: samples.reduce(0) { $0 + $1.record.draftTokens },
            acceptedTokens: samples.reduce(0) { $0 + $1.record.acceptedTokens })
    }

    var serverTiming: ServerTiming {
        var timing = ServerTiming()
        timing.add("queue", queueTime)
        timing.add("prefill", prefillTime)
        timing.add("decode", decodeTime)
        timing.add("cached", count: cachedTokens)
        return timing
    }

    func write(to notes: RequestNotes) {
        notes["queue_ms"] = Self.milliseconds(queueTime)
        notes["prefill_ms"] = Self.milliseconds(prefillTime)
        notes["decode_ms"] = Self.milliseconds(decodeTime)
        notes["ttft_ms"] = firstToken.map { Self.milliseconds($0 - submitted) }
        notes["tokens_per_second"] = Self.rounded(timings.predictedPerSecond)
        notes["prompt_tokens"] = promptTokens
        notes["cached_tokens"] = cachedTokens
        notes["output_tokens"] = outputTokens
        notes["samples"] = samples.count
        notes["preemptions"] = samples.reduce(0) { $0 + $1.record.preemptions }
        notes["finish"] = Set(samples.map(\.ending)).sorted().joined(separator: ",")
    }

    private static func milliseconds(_ duration: Duration) -> Double { rounded(duration / .milliseconds(1)) }

    private static func rounded(_ number: Double) -> Double { (number * 100).rounded() / 100 }
}

import Engine
import HTTP
import OpenAI

/// What an answer took, as usage, timings, `Server-Timing` header and the request's line of the log tell it.
///
/// The samples of a request share its prompt: queue, prefill and cached tokens are those of the first, tokens are summed,
/// and decode lasts from the first token of any to the last token of all.
struct AnswerSummary: Sendable {
    struct Sample: Sendable {
        let record: SampleRecord
        /// That went into the answer: behind a stop string there may be more.
        let tokens: Int
        let ending: String
    }

    /// At least one, in order.
    let samples: [Sample]

    /// Of an answer that was not finished.
    init(broken streams: [TokenStream]) {
        let records = streams.map(\.record)
        // What ended one of them ended the others too, whose own ends nobody has read.
        let cause = records.compactMap { $0.finish?.word }.first { $0 != "stop" && $0 != "length" }
        samples = records.map {
            Sample(record: $0, tokens: $0.outputTokens, ending: $0.finish?.word ?? cause ?? "abort")
        }
    }

    init(_ texts: [TextStream]) { samples = texts.map(\.summary) }

    init(_ sample: Sample) { samples = [sample] }

    private var first: SampleRecord { samples[0].record }
    private var outputTokens: Int { samples.reduce(0) { $0 + $1.tokens } }
    private var decodeTime: Duration {
        guard let begin = samples.compactMap(\.record.firstToken).min(),
            let end = samples.compactMap(\.record.lastToken).max()
        else { return .zero }
        return end - begin
    }

    var usage: Usage {
        Usage(
            promptTokens: first.promptTokens, completionTokens: outputTokens, cachedTokens: first.cachedTokens)
    }

    var timings: Timings {
        Timings(
            cachedTokens: first.cachedTokens, promptTokens: first.promptTokens - first.cachedTokens,
            promptTime: first.prefillTime, predictedTokens: outputTokens,
            timedTokens: samples.reduce(0) { $0 + max(0, $1.tokens - 1) }, predictedTime: decodeTime,
            draftTokens: samples.reduce(0) { $0 + $1.record.draftTokens },
            acceptedTokens: samples.reduce(0) { $0 + $1.record.acceptedTokens })
    }

    var serverTiming: ServerTiming {
        var timing = ServerTiming()
        timing.add("queue", first.queueTime)
        timing.add("prefill", first.prefillTime)
        timing.add("decode", decodeTime)
        timing.add("cached", count: first.cachedTokens)
        return timing
    }

    func write(to notes: RequestNotes) {
        notes["queue_ms"] = Self.milliseconds(first.queueTime)
        notes["prefill_ms"] = Self.milliseconds(first.prefillTime)
        notes["decode_ms"] = Self.milliseconds(decodeTime)
        notes["ttft_ms"] = first.firstToken.map { Self.milliseconds($0 - first.submitted) }
        notes["tokens_per_second"] = Self.rounded(timings.predictedPerSecond)
        notes["prompt_tokens"] = first.promptTokens
        notes["cached_tokens"] = first.cachedTokens
        notes["output_tokens"] = outputTokens
        notes["samples"] = samples.count
        notes["preemptions"] = samples.reduce(0) { $0 + $1.record.preemptions }
        notes["finish"] = Set(samples.map(\.ending)).sorted().joined(separator: ",")
    }

    private static func milliseconds(_ duration: Duration) -> Double { rounded(duration / .milliseconds(1)) }

    private static func rounded(_ number: Double) -> Double { (number * 100).rounded() / 100 }
}

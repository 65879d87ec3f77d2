import JSON

/// What a load run measured.
struct LoadReport: Sendable {
    let clients: Int
    let elapsed: Duration
    let failures: [String]
    private let answers: Int
    private let promptTokens: Int
    private let cachedTokens: Int
    private let completionTokens: Int
    private let firstToken: Latency
    private let interToken: Latency
    private let total: Latency

    init(clients: Int, elapsed: Duration, samples: [LoadGenerator.Sample], failures: [String]) {
        self.clients = clients
        self.elapsed = elapsed
        self.failures = failures
        answers = samples.count
        promptTokens = samples.reduce(0) { $0 + $1.usage.promptTokens }
        cachedTokens = samples.reduce(0) { $0 + $1.usage.cachedTokens }
        completionTokens = samples.reduce(0) { $0 + $1.usage.completionTokens }
        firstToken = Latency(samples.compactMap(\.pieces.first))
        interToken = Latency(
            samples.flatMap { sample in zip(sample.pieces.dropFirst(), sample.pieces).map { $0 - $1 } })
        total = Latency(samples.map(\.total))
    }

    var failed: Int { failures.count }

    private var seconds: Double { elapsed / .seconds(1) }

    var json: JSONValue {
        [
            "clients": .integer(Int64(clients)), "answers": .integer(Int64(answers)),
            "failed": .integer(Int64(failed)), "seconds": .number(seconds),
            "prompt_tokens": .integer(Int64(promptTokens)), "cached_tokens": .integer(Int64(cachedTokens)),
            "completion_tokens": .integer(Int64(completionTokens)),
            "completion_tokens_per_second": .number(Double(completionTokens) / seconds),
            "requests_per_second": .number(Double(answers) / seconds),
            "time_to_first_token_ms": firstToken.json, "inter_token_latency_ms": interToken.json,
            "request_latency_ms": total.json, "errors": .array(failures.prefix(10).map(JSONValue.string)),
        ]
    }

    var text: String {
        """
        \(answers) answers, \(failed) failed, \(clients) clients, \((seconds * 10).rounded() / 10) s
        prompt tokens       \(promptTokens), \(cachedTokens) of them from the cache
        completion tokens   \(completionTokens), \((Double(completionTokens) / seconds * 10).rounded() / 10) per second
        first token   p50 / p90 / p99 / max   \(firstToken.text) ms
        inter-token   p50 / p90 / p99 / max   \(interToken.text) ms
        request       p50 / p90 / p99 / max   \(total.text) ms
        \(failures.prefix(3).joined(separator: "\n"))
        """
    }
}

import Engine
import JSON

/// What a simulated schedule did to its clients, and what the scheduler took for it.
struct ScheduleReport {
    var elapsed = Duration.zero
    var outputTokens = 0
    var firstToken = Latency()
    /// Of tenants that do not send half of all requests.
    var firstTokenOfOthers = Latency()
    var interToken = Latency()
    var total = Latency()
    private var steps = 0
    private var preemptions = 0
    private var promptTokens = 0
    private var cachedTokens = 0
    private var cost = Latency()
    /// By the number of running requests: entry i is of `1 << i ..< 2 << i`.
    private var costs: [Latency] = []

    mutating func add(_ plan: StepPlan, running: Int, cost: Duration) {
        steps += 1
        preemptions += plan.preempted.count
        self.cost.record(cost)
        let size = Int.bitWidth - 1 - max(1, running).leadingZeroBitCount
        while costs.count <= size { costs.append(Latency()) }
        costs[size].record(cost)
    }

    mutating func promptRead(_ tokens: Int, cached: Int) {
        promptTokens += tokens
        cachedTokens += cached
    }

    private var seconds: Double { max(elapsed / .seconds(1), .leastNonzeroMagnitude) }
    private var hitRate: Double { promptTokens == 0 ? 0 : Double(cachedTokens) / Double(promptTokens) }

    private var others: String {
        guard firstTokenOfOthers.count > 0 else { return "" }
        return "  of all but the first tenant         \(firstTokenOfOthers.text) ms\n"
    }

    var json: JSONValue {
        [
            "requests": .integer(Int64(total.count)), "steps": .integer(Int64(steps)),
            "simulated_seconds": .number(seconds), "completion_tokens": .integer(Int64(outputTokens)),
            "completion_tokens_per_second": .number(Double(outputTokens) / seconds),
            "prompt_tokens": .integer(Int64(promptTokens)), "cached_tokens": .integer(Int64(cachedTokens)),
            "preemptions": .integer(Int64(preemptions)), "time_to_first_token_ms": firstToken.json,
            "time_to_first_token_of_others_ms": firstTokenOfOthers.json,
            "inter_token_latency_ms": interToken.json, "request_latency_ms": total.json,
            "scheduler_step_ms": cost.json, "scheduler_step_mean_us": .number(cost.mean / .microseconds(1)),
        ]
    }

    var text: String {
        let rows = costs.enumerated().filter { $1.count > 0 }.map { size, cost in
            let range = "\(1 << size)-\((2 << size) - 1)"
            let padding = String(repeating: " ", count: max(0, 12 - range.count))
            let mean = (cost.mean / .microseconds(1) * 10).rounded() / 10
            return
                "  \(range)\(padding) \(cost.count) steps, \(mean) us on average, p99 \(cost.milliseconds(99) * 1000) us"
        }
        return """
            \(total.count) requests in \((seconds * 10).rounded() / 10) simulated seconds, \(steps) steps
            prompt tokens       \(promptTokens), \((hitRate * 1000).rounded() / 10) % from the cache
            completion tokens   \(outputTokens), \((Double(outputTokens) / seconds * 10).rounded() / 10) per second
            preemptions         \(preemptions)
            first token   p50 / p90 / p99 / max   \(firstToken.text) ms
            \(others)inter-token   p50 / p90 / p99 / max   \(interToken.text) ms
            request       p50 / p90 / p99 / max   \(total.text) ms
            scheduler, by running requests:
            \(rows.joined(separator: "\n"))
            """
    }
}

import Telemetry

/// What the engine counts, under the names that dashboards for vLLM and llama-server look for.
///
/// Only the engine thread writes; the page is read from anywhere.
struct EngineMetrics: Sendable {
    let running: Gauge
    let waiting: Gauge
    let cacheUse: Gauge
    let freeBlocks: Gauge
    let totalBlocks: Gauge
    let promptTokens: Counter
    let outputTokens: Counter
    let preemptions: Counter
    /// Times that the block accounting was found wrong when the engine went idle. Anything but 0 is a bug.
    let integrityFailures: Counter
    let firstToken: Histogram
    let interToken: Histogram
    let endToEnd: Histogram
    let queueTime: Histogram
    let stepTokens: Histogram
    private let prefixQueries: Counter
    private let prefixHits: Counter
    private let prefixMisses: [PrefixMiss: Counter]
    private let idleBlocks: Gauge
    private let draftTokens: Counter
    private let acceptedTokens: Counter
    private let llamaRunning: Gauge
    private let llamaWaiting: Gauge
    private let llamaPromptTokens: Counter
    private let llamaOutputTokens: Counter
    private let endings: [String: Counter]

    init(registry: MetricsRegistry, modelName: String) {
        let labels = Labels(["model_name": modelName, "engine": "0"])
        running = registry.gauge("vllm:num_requests_running", "Requests that hold K/V blocks.", labels: labels)
        waiting = registry.gauge("vllm:num_requests_waiting", "Requests that wait for K/V blocks.", labels: labels)
        cacheUse = registry.gauge("vllm:kv_cache_usage_perc", "Part of the K/V blocks in use, 0 to 1.", labels: labels)
        freeBlocks = registry.gauge("drover_kv_blocks_free", "K/V blocks free.", labels: labels)
        totalBlocks = registry.gauge("drover_kv_blocks_total", "K/V blocks there are.", labels: labels)
        promptTokens = registry.counter(
            "vllm:prompt_tokens_total", "Prompt tokens read, those of the prefix cache included.", labels: labels)
        outputTokens = registry.counter("vllm:generation_tokens_total", "Tokens generated.", labels: labels)
        preemptions = registry.counter(
            "vllm:num_preemptions_total", "Requests that gave up their blocks and continued later.", labels: labels)
        integrityFailures = registry.counter(
            "drover_kv_integrity_failures_total", "Times the block accounting was wrong; a bug.", labels: labels)
        firstToken = registry.histogram(
            "vllm:time_to_first_token_seconds", "From arrival to the first token.", labels: labels,
            bounds: Bounds.firstToken)
        interToken = registry.histogram(
            "vllm:inter_token_latency_seconds", "Between two tokens of a request.", labels: labels,
            bounds: Bounds.interToken)
        endToEnd = registry.histogram(
            "vllm:e2e_request_latency_seconds", "From arrival to the end.", labels: labels, bounds: Bounds.request)
        queueTime = registry.histogram(
            "vllm:request_queue_time_seconds", "From arrival to the first blocks.", labels: labels,
            bounds: Bounds.request)
        stepTokens = registry.histogram(
            "vllm:iteration_tokens_total", "Tokens fed in one step.", labels: labels, bounds: Bounds.stepTokens)
        idleBlocks = registry.gauge(
            "drover_kv_blocks_idle", "Free K/V blocks that hold a prefix which may come again.", labels: labels)
        prefixQueries = registry.counter(
            "vllm:prefix_cache_queries_total", "Prompt tokens looked for in the prefix cache.", labels: labels)
        prefixHits = registry.counter(
            "vllm:prefix_cache_hits_total", "Prompt tokens that did not have to be computed.", labels: labels)
        prefixMisses = Self.misses(registry, modelName)
        draftTokens = registry.counter(
            "vllm:spec_decode_num_draft_tokens_total", "Tokens guessed before they were computed.", labels: labels)
        acceptedTokens = registry.counter(
            "vllm:spec_decode_num_accepted_tokens_total", "Guessed tokens that were right.", labels: labels)
        llamaRunning = registry.gauge("llamacpp:requests_processing", "Requests that hold K/V blocks.")
        llamaWaiting = registry.gauge("llamacpp:requests_deferred", "Requests that wait for K/V blocks.")
        llamaPromptTokens = registry.counter("llamacpp:prompt_tokens_total", "Prompt tokens computed.")
        llamaOutputTokens = registry.counter("llamacpp:tokens_predicted_total", "Tokens generated.")
        endings = Self.endings(registry, modelName)
    }

    func publish(_ status: EngineStatus) {
        running.set(Double(status.running))
        waiting.set(Double(status.waiting))
        llamaRunning.set(Double(status.running))
        llamaWaiting.set(Double(status.waiting))
        freeBlocks.set(Double(status.freeBlocks))
        idleBlocks.set(Double(status.idleBlocks))
        totalBlocks.set(Double(status.totalBlocks))
        cacheUse.set(1 - Double(status.freeBlocks) / Double(max(1, status.totalBlocks)))
    }

    func promptRead(tokens: Int, cached: Int) {
        promptTokens.add(tokens)
        prefixQueries.add(tokens)
        prefixHits.add(cached)
        llamaPromptTokens.add(tokens - cached)
    }

    func prefixMissed(_ reason: PrefixMiss) { prefixMisses[reason]?.add() }

    func guessed(_ count: Int, right: Int) {
        draftTokens.add(count)
        acceptedTokens.add(right)
    }

    func tokenGenerated() {
        outputTokens.add()
        llamaOutputTokens.add()
    }

    func requestEnded(_ reason: FinishReason) { endings[Self.word(for: reason)]?.add() }

    private static func endings(_ registry: MetricsRegistry, _ modelName: String) -> [String: Counter] {
        var counters: [String: Counter] = [:]
        for reason in [
            FinishReason.stop(token: 0), .length, .cancelled, .deadline, .deadEnd, .numericalError, .shutdown,
        ] {
            counters[word(for: reason)] = registry.counter(
                "vllm:request_success_total", "Requests that ended, by reason.",
                labels: Labels(["model_name": modelName, "engine": "0", "finished_reason": word(for: reason)]))
        }
        return counters
    }

    private static func misses(_ registry: MetricsRegistry, _ modelName: String) -> [PrefixMiss: Counter] {
        var counters: [PrefixMiss: Counter] = [:]
        for reason in PrefixMiss.allCases {
            counters[reason] = registry.counter(
                "drover_prefix_cache_misses_total", "Requests that did not find all of their prefix, by reason.",
                labels: Labels(["model_name": modelName, "engine": "0", "reason": reason.rawValue]))
        }
        return counters
    }

    /// vLLM's word where it has one.
    private static func word(for reason: FinishReason) -> String {
        switch reason {
        case .stop, .complete: "stop"
        case .deadEnd: "dead_end"
        case .length: "length"
        case .cancelled, .withdrawn: "abort"
        case .deadline: "deadline"
        case .numericalError: "error"
        case .shutdown: "shutdown"
        }
    }

    /// vLLM's histogram bounds: seconds, and tokens in the last.
    private enum Bounds {
        static let firstToken = [
            0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640,
            2560,
        ]
        static let interToken = [
            0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
        ]
        static let request = [
            0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
        ]
        static let stepTokens: [Double] = [
            1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384,
        ]
    }
}

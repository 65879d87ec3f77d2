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
    /// Steps of batch work that were broken off for a request that had come.
    let stepsBrokenOff: Counter
    let queueTime: Histogram
    let requests: RequestMetrics
    let speculation: SpeculationMetrics
    private let firstToken: Histogram
    private let interToken: Histogram
    private let timePerToken: Histogram
    private let stepTokens: Histogram
    private let stepTime: Histogram
    private let stepTarget: Gauge
    private let prefixQueries: Counter
    private let prefixHits: Counter
    private let prefixMisses: [PrefixMiss: Counter]
    private let idleBlocks: Gauge
    private let oldCacheUse: Gauge
    private let llamaRunning: Gauge
    private let llamaWaiting: Gauge
    private let llamaSteps: Counter
    private let llamaBatch: RecentRatio
    private let llamaPromptTokens: Counter
    private let llamaCachedTokens: Counter
    private let llamaOutputTokens: Counter
    private let endings: [String: Counter]

    init(registry: MetricsRegistry, modelName: String, contextLength: Int) {
        let labels = Self.labels(modelName)
        requests = RequestMetrics(registry: registry, labels: labels, contextLength: contextLength)
        speculation = SpeculationMetrics(registry: registry, labels: labels)
        running = registry.gauge("vllm:num_requests_running", "Requests that hold K/V blocks.", labels: labels)
        waiting = registry.gauge("vllm:num_requests_waiting", "Requests that wait for K/V blocks.", labels: labels)
        cacheUse = registry.gauge("vllm:kv_cache_usage_perc", "Part of the K/V blocks in use, 0 to 1.", labels: labels)
        oldCacheUse = registry.gauge(
            "vllm:gpu_cache_usage_perc", "vllm:kv_cache_usage_perc by its older name.", labels: labels)
        freeBlocks = registry.gauge("drover_kv_blocks_free", "K/V blocks free.", labels: labels)
        totalBlocks = registry.gauge("drover_kv_blocks", "K/V blocks there are.", labels: labels)
        promptTokens = registry.counter(
            "vllm:prompt_tokens_total", "Prompt tokens read, those of the prefix cache included.", labels: labels)
        outputTokens = registry.counter("vllm:generation_tokens_total", "Tokens generated.", labels: labels)
        preemptions = registry.counter(
            "vllm:num_preemptions_total", "Requests that gave up their blocks and continued later.", labels: labels)
        integrityFailures = registry.counter(
            "drover_kv_integrity_failures_total", "Times the block accounting was wrong; a bug.", labels: labels)
        stepsBrokenOff = registry.counter(
            "drover_steps_broken_off_total", "Steps of batch work that made way for a request.", labels: labels)
        firstToken = registry.histogram(
            "vllm:time_to_first_token_seconds", "From arrival to the first token.", labels: labels,
            bounds: MetricBounds.firstToken)
        interToken = registry.histogram(
            "vllm:inter_token_latency_seconds", "Between two tokens of a request.", labels: labels,
            bounds: MetricBounds.interToken)
        timePerToken = registry.histogram(
            "vllm:time_per_output_token_seconds", "vllm:inter_token_latency_seconds by its older name.",
            labels: labels, bounds: MetricBounds.interToken)
        queueTime = registry.histogram(
            "vllm:request_queue_time_seconds", "From arrival to the first blocks.", labels: labels,
            bounds: MetricBounds.request)
        stepTokens = registry.histogram(
            "vllm:iteration_tokens_total", "Tokens fed in one step.", labels: labels, bounds: MetricBounds.step)
        stepTime = registry.histogram(
            "drover_step_duration_seconds", "Time of one step, sampling included.", labels: labels,
            bounds: MetricBounds.firstToken)
        stepTarget = registry.gauge(
            "drover_step_target_seconds", "What the last step that mixed prompts and decoding was to take.",
            labels: labels)
        idleBlocks = registry.gauge(
            "drover_kv_blocks_idle", "Free K/V blocks that hold a prefix which may come again.", labels: labels)
        prefixQueries = registry.counter(
            "vllm:prefix_cache_queries_total", "Prompt tokens looked for in the prefix cache.", labels: labels)
        prefixHits = registry.counter(
            "vllm:prefix_cache_hits_total", "Prompt tokens that did not have to be computed.", labels: labels)
        prefixMisses = Self.misses(registry, modelName)
        llamaRunning = registry.gauge("llamacpp:requests_processing", "Requests that hold K/V blocks.")
        llamaWaiting = registry.gauge("llamacpp:requests_deferred", "Requests that wait for K/V blocks.")
        llamaSteps = registry.counter("llamacpp:n_decode_total", "Steps.")
        llamaBatch = registry.recentRatio(
            "llamacpp:n_busy_slots_per_decode", "Requests in a step, mean over the steps of the last 60 s.")
        llamaPromptTokens = registry.counter("llamacpp:prompt_tokens_total", "Prompt tokens computed.")
        llamaCachedTokens = registry.counter(
            "llamacpp:prompt_tokens_cached_total", "Prompt tokens that did not have to be computed.")
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
        let use = 1 - Double(status.freeBlocks) / Double(max(1, status.totalBlocks))
        cacheUse.set(use)
        oldCacheUse.set(use)
    }

    func promptRead(tokens: Int, cached: Int) {
        promptTokens.add(tokens)
        prefixQueries.add(tokens)
        prefixHits.add(cached)
        llamaPromptTokens.add(tokens - cached)
        llamaCachedTokens.add(cached)
    }

    func prefixMissed(_ reason: PrefixMiss) { prefixMisses[reason]?.add() }

    /// - Parameter target: that the step had, in seconds.
    func stepEnded(tokens: Int, requests: Int, _ duration: Duration, target: Double?) {
        if let target { stepTarget.set(target) }
        stepTokens.observe(Double(tokens))
        stepTime.observe(duration)
        llamaSteps.add()
        llamaBatch.add(Double(requests), over: 1, at: .now)
    }

    /// - Parameter gap: since the last token; nil for the first.
    func tokenGenerated(after gap: Duration?, sinceArrival: Duration) {
        outputTokens.add()
        llamaOutputTokens.add()
        guard let gap else { return firstToken.observe(sinceArrival) }
        interToken.observe(gap)
        timePerToken.observe(gap)
    }

    func requestEnded(_ reason: FinishReason) { endings[reason.word]?.add() }

    static func labels(_ modelName: String) -> Labels { Labels(["model_name": modelName, "engine": "0"]) }

    private static func endings(_ registry: MetricsRegistry, _ modelName: String) -> [String: Counter] {
        var counters: [String: Counter] = [:]
        for reason in [
            FinishReason.stop(token: 0), .length, .cancelled, .deadline, .deadEnd, .numericalError, .shutdown,
        ] {
            counters[reason.word] = registry.counter(
                "vllm:request_success_total", "Requests that ended, by reason.",
                labels: Labels(["model_name": modelName, "engine": "0", "finished_reason": reason.word]))
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
}

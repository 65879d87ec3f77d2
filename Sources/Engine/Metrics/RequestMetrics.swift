import Telemetry

/// What requests took, counted when they end.
struct RequestMetrics: Sendable {
    private let endToEnd: Histogram
    private let prefillTime: Histogram
    private let decodeTime: Histogram
    private let inferenceTime: Histogram
    private let timePerToken: Histogram
    private let promptTokens: Histogram
    private let outputTokens: Histogram
    private let longestOutput: Histogram
    private let maxTokens: Histogram
    private let samples: Histogram
    private let llamaPromptSeconds: SecondsCounter
    private let llamaOutputSeconds: SecondsCounter
    private let llamaPromptSpeed: RecentRatio
    private let llamaOutputSpeed: RecentRatio
    private let llamaLongest: Gauge

    init(registry: MetricsRegistry, labels: Labels, contextLength: Int) {
        let seconds = { (name: String, help: String, bounds: [Double]) in
            registry.histogram("vllm:\(name)_seconds", help, labels: labels, bounds: bounds)
        }
        let counts = MetricBounds.counts(upTo: contextLength)
        let tokens = { (name: String, help: String) in
            registry.histogram("vllm:request_\(name)", help, labels: labels, bounds: counts)
        }
        endToEnd = seconds("e2e_request_latency", "From arrival to the end.", MetricBounds.request)
        prefillTime = seconds(
            "request_prefill_time", "From the first blocks to the first token.", MetricBounds.request)
        decodeTime = seconds("request_decode_time", "From the first token to the last.", MetricBounds.request)
        inferenceTime = seconds(
            "request_inference_time", "From the first blocks to the last token.", MetricBounds.request)
        timePerToken = seconds(
            "request_time_per_output_token", "Mean time between two tokens of a request.", MetricBounds.interToken)
        promptTokens = tokens("prompt_tokens", "Prompt tokens of a request.")
        outputTokens = tokens("generation_tokens", "Tokens generated for a sample of a request.")
        longestOutput = tokens("max_num_generation_tokens", "Tokens of the longest sample of a request.")
        maxTokens = tokens("params_max_tokens", "Most tokens that a request allows, its max_tokens.")
        samples = registry.histogram(
            "vllm:request_params_n", "Samples that a request asks for.", labels: labels, bounds: MetricBounds.samples)
        llamaPromptSeconds = registry.seconds(
            "llamacpp:prompt_seconds_total", "From the first blocks to the first token, summed over requests.")
        llamaOutputSeconds = registry.seconds(
            "llamacpp:tokens_predicted_seconds_total", "From the first token to the last, summed over requests.")
        llamaPromptSpeed = registry.recentRatio(
            "llamacpp:prompt_tokens_seconds",
            "Prompt tokens computed a second of a request's prefill, mean over requests that ended in the last 60 s.")
        llamaOutputSpeed = registry.recentRatio(
            "llamacpp:predicted_tokens_seconds",
            "Tokens a second of a request's decode, its first left out, mean over requests that ended in the last 60 s."
        )
        llamaLongest = registry.gauge(
            "llamacpp:n_tokens_max", "Most tokens of prompt and answer together since the start.")
    }

    func sampleEnded(_ record: SampleRecord) {
        endToEnd.observe(record.time - record.submitted)
        outputTokens.observe(Double(record.outputTokens))
        llamaLongest.set(max(llamaLongest.value, Double(record.promptTokens + record.outputTokens)))
        guard record.firstToken != nil else { return }
        prefillTime.observe(record.prefillTime)
        decodeTime.observe(record.decodeTime)
        inferenceTime.observe(record.prefillTime + record.decodeTime)
        llamaPromptSeconds.add(record.prefillTime)
        llamaOutputSeconds.add(record.decodeTime)
        llamaPromptSpeed.add(
            Double(record.promptTokens - record.cachedTokens), over: record.prefillTime / .seconds(1), at: record.time)
        guard record.outputTokens > 1 else { return }
        timePerToken.observe(record.decodeTime / (record.outputTokens - 1))
        llamaOutputSpeed.add(
            Double(record.outputTokens - 1), over: record.decodeTime / .seconds(1), at: record.time)
    }

    /// All samples have ended.
    func requestEnded(_ request: GenerationRequest, longest: Int) {
        promptTokens.observe(Double(request.prompt.count))
        longestOutput.observe(Double(longest))
        maxTokens.observe(Double(request.maxTokens))
        samples.observe(Double(request.samples))
    }
}

import Telemetry

/// What became of guessed tokens, under both peers' names.
struct SpeculationMetrics: Sendable {
    private struct Family: Sendable {
        let drafts: Counter
        let draftTokens: Counter
        let acceptedTokens: Counter
        /// (PromptLookup.longest)
        let acceptedAt: [Counter]

        init(_ registry: MetricsRegistry, prefix: String, labels: Labels) {
            let name = prefix + ":spec_decode_num_"
            drafts = registry.counter(name + "drafts_total", "Times that tokens were guessed.", labels: labels)
            draftTokens = registry.counter(
                name + "draft_tokens_total", "Tokens guessed before they were computed.", labels: labels)
            acceptedTokens = registry.counter(
                name + "accepted_tokens_total", "Guessed tokens that were right.", labels: labels)
            acceptedAt = (0..<PromptLookup.longest).map { position in
                registry.counter(
                    name + "accepted_tokens_per_pos_total", "Guessed tokens that were right, by place in the guess.",
                    labels: labels.adding("position", "\(position)"))
            }
        }

        func add(_ outcome: DraftOutcome) {
            drafts.add()
            draftTokens.add(outcome.drafted)
            acceptedTokens.add(outcome.accepted)
            for counter in acceptedAt.prefix(outcome.accepted) { counter.add() }
        }
    }

    private let vllm: Family
    private let llama: Family

    init(registry: MetricsRegistry, labels: Labels) {
        vllm = Family(registry, prefix: "vllm", labels: labels)
        llama = Family(registry, prefix: "llamacpp", labels: Labels())
    }

    func add(_ outcome: DraftOutcome) {
        vllm.add(outcome)
        llama.add(outcome)
    }
}

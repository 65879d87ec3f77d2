import Telemetry

/// What became of guessed tokens, under both peers' names.
struct SpeculationMetrics: Sendable {
    private struct Family: Sendable {
        let drafts: Counter
        let draftTokens: Counter
        let acceptedTokens: Counter
        /// (DraftLength.longest)
        let acceptedAt: [Counter]

        init(_ registry: MetricsRegistry, prefix: String, labels: Labels) {
            let name = prefix + ":spec_decode_num_"
            drafts = registry.counter(name + "drafts_total", "Times that tokens were guessed.", labels: labels)
            draftTokens = registry.counter(
                name + "draft_tokens_total", "Tokens guessed before they were computed.", labels: labels)
            acceptedTokens = registry.counter(
                name + "accepted_tokens_total", "Guessed tokens that were right.", labels: labels)
            acceptedAt = (0..<DraftLength.longest).map { position in
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

    /// The guesses of one source, which the peers' names do not tell apart.
    private struct Share: Sendable {
        let draftTokens: Counter
        let acceptedTokens: Counter

        init(_ registry: MetricsRegistry, _ source: DraftSource, labels: Labels) {
            let labels = labels.adding("source", source.rawValue)
            draftTokens = registry.counter(
                "drover_draft_tokens_total", "Tokens guessed before they were computed, by who guessed.",
                labels: labels)
            acceptedTokens = registry.counter(
                "drover_draft_tokens_accepted_total", "Guessed tokens that were right, by who guessed.",
                labels: labels)
        }
    }

    private let vllm: Family
    private let llama: Family
    private let shares: [DraftSource: Share]
    private let draftModelTime: SecondsCounter

    init(registry: MetricsRegistry, labels: Labels) {
        vllm = Family(registry, prefix: "vllm", labels: labels)
        llama = Family(registry, prefix: "llamacpp", labels: Labels())
        shares = Dictionary(
            uniqueKeysWithValues: DraftSource.allCases.map { ($0, Share(registry, $0, labels: labels)) })
        draftModelTime = registry.seconds(
            "drover_draft_model_seconds_total", "Time that the draft model took, reading included.", labels: labels)
    }

    func add(_ outcome: DraftOutcome) {
        vllm.add(outcome)
        llama.add(outcome)
        shares[outcome.source]?.draftTokens.add(outcome.drafted)
        shares[outcome.source]?.acceptedTokens.add(outcome.accepted)
    }

    func draftModelTook(_ duration: Duration) { draftModelTime.add(duration) }
}

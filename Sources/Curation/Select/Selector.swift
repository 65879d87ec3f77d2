import JSON

/// Chooses among the answers that passed everything.
package struct Selector: Sendable {
    package let settings: SelectSettings
    private let judges: [String]
    private let verifiers: [String]

    /// - Parameters:
    ///   - judges: the names of those whose scores tell how good an answer is.
    ///   - verifiers: the names of all.
    package init(_ settings: SelectSettings, judges: [String], verifiers: [String]) {
        self.settings = settings
        self.judges = judges
        self.verifiers = verifiers
    }

    /// How good an answer is; what is compared, and no more.
    package func score(of entry: Entry) -> Double {
        switch settings.score {
        case .judge: mean(entry, of: judges)
        case .verifier: mean(entry, of: verifiers)
        case .logprob: entry.sample.meanLogprob ?? -.infinity
        case .none: 0
        }
    }

    private func mean(_ entry: Entry, of names: [String]) -> Double {
        let scores = names.compactMap { entry.scores[$0] }
        return scores.isEmpty ? 0 : scores.reduce(0, +) / Double(scores.count)
    }

    /// The answers that are still there, the better ones first; of equals the one that comes first in the set.
    package func order(_ dataset: Dataset) -> [Int] {
        let kept = dataset.kept
        let scores = kept.map { score(of: dataset.entries[$0]) }
        return kept.indices.sorted { (-scores[$0], $0) < (-scores[$1], $1) }.map { kept[$0] }
    }

    /// Drops what is not chosen.
    package func select(_ dataset: inout Dataset) {
        let best = bestOfEachPrompt(order(dataset), dataset)
        dataset.choose(Set(best)) { _ in "not among the best \(settings.best) of its prompt" }
        let balanced = balance(best, dataset)
        dataset.choose(Set(balanced)) { _ in "more of its difficulty than the set's shares allow" }
        let spoken = capPhrases(balanced, dataset)
        dataset.choose(Set(spoken)) { _ in "its phrase is in enough answers already" }
        let varied = capField(spoken, dataset)
        dataset.choose(Set(varied)) { _ in "its field's value has enough answers already" }
        dataset.choose(Set(varied.prefix(settings.total ?? .max))) { _ in "the set is full" }
    }

    private func bestOfEachPrompt(_ order: [Int], _ dataset: Dataset) -> [Int] {
        var counts: [Int: Int] = [:]
        return order.filter { position in
            counts[dataset.entries[position].prompt, default: 0] += 1
            return counts[dataset.entries[position].prompt, default: 0] <= settings.best
        }
    }

    /// As many of each level as its share of the largest set for which all levels have enough.
    private func balance(_ order: [Int], _ dataset: Dataset) -> [Int] {
        guard let difficulty = settings.difficulty else { return order }
        let levels = levels(of: dataset)
        var counts: [DifficultyLevel: Int] = [:]
        for position in order { counts[levels[dataset.entries[position].prompt], default: 0] += 1 }
        let wanted = difficulty.shares.filter { $0.value > 0 }
        let size = wanted.map { Double(counts[$0.key] ?? 0) / $0.value }.min() ?? 0
        var left = wanted.mapValues { Int((size * $0).rounded(.down)) }
        return order.filter { position in
            let level = levels[dataset.entries[position].prompt]
            guard let count = left[level], count > 0 else { return false }
            left[level] = count - 1
            return true
        }
    }

    /// How hard each prompt is.
    package func levels(of dataset: Dataset) -> [DifficultyLevel] {
        guard let source = settings.difficulty?.source, source != "pass-rate" else {
            return PassRates(dataset).shares.map(DifficultyLevel.init(ease:))
        }
        // A judge of difficulty gives the hardest prompts 1.
        var ease = [Double](repeating: 1, count: dataset.prompts.count)
        for entry in dataset.entries { ease[entry.prompt] = min(ease[entry.prompt], 1 - (entry.scores[source] ?? 0)) }
        return ease.map(DifficultyLevel.init(ease:))
    }

    private func capField(_ order: [Int], _ dataset: Dataset) -> [Int] {
        guard let cap = settings.fieldCap else { return order }
        var counts: [[UInt8]: Int] = [:]
        return order.filter { position in
            let value = dataset.prompts[dataset.entries[position].prompt].fields[cap.field] ?? .null
            counts[value.serialized, default: 0] += 1
            return counts[value.serialized, default: 0] <= cap.most
        }
    }

    /// Answers with an overused phrase, down to their share: the worst of them go.
    private func capPhrases(_ order: [Int], _ dataset: Dataset) -> [Int] {
        guard let phrases = settings.phrases else { return order }
        let texts = phrases.texts.map { $0.lowercased() }
        let spoken = order.map { position in
            let text = dataset.entries[position].text.lowercased()
            return texts.contains { text.contains($0) }
        }
        let others = spoken.count { !$0 }
        var left = Int(Double(others) * phrases.maxShare / (1 - phrases.maxShare))
        return zip(order, spoken).filter { _, isSpoken in
            guard isSpoken else { return true }
            left -= 1
            return left >= 0
        }.map(\.0)
    }
}

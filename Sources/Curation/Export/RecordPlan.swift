/// Which answers become records, by their positions.
package struct RecordPlan: Sendable {
    package struct Pair: Sendable, Equatable {
        package let chosen: Int
        package let rejected: Int?

        package init(chosen: Int, rejected: Int?) {
            self.chosen = chosen
            self.rejected = rejected
        }
    }

    package let pairs: [Pair]

    /// In the order of the prompts. Preference pairs take the worst answer of the prompt that a stage before `dedup` has
    /// dropped, or else the one with the lowest score below the chosen; a prompt without either makes no pair.
    package init(_ dataset: Dataset, _ format: ExportSettings.Format, selector: Selector) {
        guard format == .dpo else {
            pairs = dataset.kept.map { Pair(chosen: $0, rejected: nil) }
            return
        }
        let byPrompt = Dictionary(grouping: dataset.entries.indices) { dataset.entries[$0].prompt }
        pairs = dataset.kept.compactMap { chosen in
            let others = byPrompt[dataset.entries[chosen].prompt, default: []]
            let rejected = Self.worst(others, below: chosen, dataset, selector)
            return rejected.map { Pair(chosen: chosen, rejected: $0) }
        }
    }

    private static func worst(_ others: [Int], below chosen: Int, _ dataset: Dataset, _ selector: Selector) -> Int? {
        let content = dataset.entries[chosen].text
        // What is empty teaches nothing.
        let candidates = others.filter {
            dataset.entries[$0].fate.stage != .generate && dataset.entries[$0].text != content
        }
        let failed = candidates.filter { [.verify, .judge, .rules].contains(dataset.entries[$0].fate.stage) }
        let score = { (position: Int) in selector.score(of: dataset.entries[position]) }
        if let worst = failed.min(by: { (score($0), $0) < (score($1), $1) }) { return worst }
        let lower = candidates.filter { score($0) < score(chosen) }
        return lower.min { (score($0), $0) < (score($1), $1) }
    }
}

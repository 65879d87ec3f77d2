/// How many of each prompt's answers the verifiers accepted.
package struct PassRates: Sendable {
    /// Whether each answer passed, by prompt and in the order of the answers.
    package let passed: [[Bool]]

    /// Every answer that was not dropped by `generate` or `verify` passed.
    package init(_ dataset: Dataset) {
        var passed = [[Bool]](repeating: [], count: dataset.prompts.count)
        for entry in dataset.entries {
            passed[entry.prompt].append(entry.fate.stage != .generate && entry.fate.stage != .verify)
        }
        self.passed = passed
    }

    package var shares: [Double] {
        passed.map { $0.isEmpty ? 0 : Double($0.count { $0 }) / Double($0.count) }
    }

    /// The share of prompts with a right one among their first `k` answers.
    package func solved(with k: Int) -> Double {
        guard !passed.isEmpty else { return 0 }
        return Double(passed.count { $0.prefix(k).contains(true) }) / Double(passed.count)
    }

    /// The unbiased estimate of it (Chen et al. 2021): the chance that k answers drawn from a prompt's n, of which c are
    /// right, have a right one among them; the mean over all prompts.
    package func passAt(_ k: Int) -> Double {
        guard !passed.isEmpty else { return 0 }
        let chances = passed.map { answers -> Double in
            let (n, c) = (answers.count, answers.count { $0 })
            guard n - c >= k else { return c > 0 ? 1 : 0 }
            // 1 - C(n-c, k) / C(n, k), without the factorials.
            let missed = (n - c + 1..<n + 1).reduce(1.0) { product, size in product * (1 - Double(k) / Double(size)) }
            return 1 - missed
        }
        return chances.reduce(0, +) / Double(passed.count)
    }
}

import OpenAI

/// Puts candidates into an order. Equal ones stay in the order in which they were drawn, so that a seed decides.
struct Ranking {
    let order: BestOfRequest.Order
    /// Scores of a candidate that was not dropped.
    let count: Int

    func ranked(_ candidates: [BestOfCandidate]) -> [BestOfAnswer.Candidate] {
        // The sort is stable.
        let kept = candidates.indices.filter { candidates[$0].isKept }.sorted {
            isBetter(candidates[$0], than: candidates[$1])
        }
        var ranks: [Int: Int] = [:]
        for (place, index) in kept.enumerated() { ranks[index] = place + 1 }
        return candidates.enumerated().map { index, candidate in
            BestOfAnswer.Candidate(
                attempt: candidate.attempt, scores: candidate.scores, rank: ranks[index],
                why: candidate.drop.map { "dropped by \($0.why)" } ?? why(candidate, ranks[index] ?? 0, of: kept.count),
                trail: candidate.trail)
        }
    }

    private func isBetter(_ one: BestOfCandidate, than other: BestOfCandidate) -> Bool {
        switch order {
        case .weighted: sum(one) > sum(other)
        case .lexicographic:
            zip(one.scores, other.scores).first { $0.value != $1.value }.map { $0.value > $1.value } ?? false
        }
    }

    private func sum(_ candidate: BestOfCandidate) -> Double {
        candidate.scores.reduce(0) { $0 + $1.value * ($1.scorer.weight ?? 1) }
    }

    private func why(_ candidate: BestOfCandidate, _ rank: Int, of kept: Int) -> String {
        let scores = candidate.scores.map { score in
            let weight = score.scorer.weight.map { " × \($0)" } ?? ""
            return "\(score.scorer.title) \(Self.rounded(score.value))\(weight)"
        }
        return "rank \(rank) of \(kept): " + scores.joined(separator: order == .weighted ? " + " : ", then ")
    }

    private static func rounded(_ number: Double) -> Double { (number * 10_000).rounded() / 10_000 }
}

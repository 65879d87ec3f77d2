import OpenAI

/// From a request to its answer: draws candidates, has them scored, has those corrected that a verifier has not passed,
/// and puts the rest into an order. Ends when its task is cancelled, with all that it has begun.
struct BestOfRun: Sendable {
    let request: BestOfRequest
    let source: CandidateSource
    let panel: ScoringPanel

    func answer() async throws -> BestOfAnswer {
        var (attempts, usage) = try await source.draw()
        var candidates = attempts.map { BestOfCandidate($0) }
        try await panel.verify(&candidates)
        for round in 0..<request.rounds {
            let failed = candidates.indices.filter { candidates[$0].drop?.verdict != nil }
            // Where a verifier ran out of time there is none for other answers.
            if failed.isEmpty || candidates.contains(where: \.ranOutOfTime) { break }
            let used: Usage
            (attempts, used) = try await source.correct(failed.map { candidates[$0] }, round: round + 1)
            usage = usage + used
            for (index, attempt) in zip(failed, attempts) { candidates[index].retry(attempt) }
            try await panel.verify(&candidates)
        }
        let scoringUsage = try await panel.score(&candidates)
        let isChat = if case .chat = request.prompt { true } else { false }
        return BestOfAnswer(
            head: source.head,
            candidates: Ranking(order: request.order, count: request.scorers.count).ranked(candidates),
            isChat: isChat, usage: usage, scoringUsage: scoringUsage)
    }
}

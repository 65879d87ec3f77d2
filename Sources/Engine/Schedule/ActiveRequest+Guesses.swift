import Model

extension ActiveRequest {
    /// Guesses at most `limit` tokens behind the last one, no more than it may still generate and has blocks for, taking
    /// free ones for them: as the text went on before, or else as many as the draft model shall guess, at most `modelLimit`.
    mutating func guess(limit: Int, modelLimit: Int, _ pool: inout BlockPool) -> (draft: [Int32], room: Int) {
        let (tokens, limit) = (tokens, min(limit, outputLimit - outputCount - 1))
        guard limit > 0, let draft = lookup?.draft(tokens, limit: limit) else { return ([], 0) }
        guard draft.isEmpty else { return (Array(draft.prefix(lease(ahead: draft.count, &pool))), 0) }
        let wanted = min(limit, modelLimit)
        guard wanted > 0 else { return ([], 0) }
        return ([], lease(ahead: min(wanted, draftLength.next()), &pool))
    }

    /// For how many tokens behind the last one it has blocks then, at most `count`.
    private mutating func lease(ahead count: Int, _ pool: inout BlockPool) -> Int {
        while table.positions < tokens.count + count, let block = pool.lease() { table.append(block) }
        return min(count, table.positions - tokens.count)
    }

    /// Takes in what the rows of a run gave, as far as the guesses were right, and passes on the tokens of the text.
    mutating func take(
        _ outcomes: ArraySlice<RowOutcome>, of run: StepPlan.Run, _ pool: inout BlockPool,
        _ pass: (SampledToken) -> Void
    ) {
        var accepted = 0
        for outcome in outcomes {
            let token = take(outcome)
            if let token { pass(token) }
            guard finish == nil, accepted < run.draft.count, token?.id == run.draft[accepted] else { break }
            accepted += 1
            advance(to: computed + 1, &pool)
        }
        switch run.source {
        case .ngram: lookup?.learn(accepted: accepted, of: run.draft.count)
        case .model: draftLength.learn(accepted: accepted, of: run.draft.count)
        }
    }
}

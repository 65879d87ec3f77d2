import Model

/// What the constraint of a request leaves as the only way to go on: at most `limit` tokens.
package typealias ForcedTokens = (_ request: RequestID, _ limit: Int) -> [Int32]

extension ActiveRequest {
    /// Tokens behind the last one of a request that are fed with it.
    struct Guess {
        var draft: [Int32] = []
        /// For how many more the draft model is asked.
        var room = 0
        var source = DraftSource.ngram
    }

    /// Guesses at most `limit` tokens behind the last one, no more than it may still generate and has blocks for, taking
    /// free ones for them: what its constraint leaves as the only way, or as the text went on before, or else as many as
    /// the draft model shall guess, at most `modelLimit`.
    ///
    /// - Parameter forced: asks the constraint.
    mutating func guess(
        limit: Int, modelLimit: Int, _ pool: inout BlockPool, forced: ForcedTokens
    ) -> Guess {
        let (tokens, limit) = (tokens, min(limit, outputLimit - outputCount - 1))
        guard limit > 0 else { return Guess() }
        if let count = forcedLength?.next() {
            let draft = count > 0 ? forced(id, min(limit, count)) : []
            return Guess(draft: Array(draft.prefix(lease(ahead: draft.count, &pool))), source: .grammar)
        }
        guard let draft = lookup?.draft(tokens, limit: limit) else { return Guess() }
        guard draft.isEmpty else { return Guess(draft: Array(draft.prefix(lease(ahead: draft.count, &pool)))) }
        let wanted = min(limit, modelLimit)
        guard wanted > 0 else { return Guess() }
        return Guess(room: lease(ahead: min(wanted, draftLength.next()), &pool), source: .model)
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
        case .grammar: forcedLength?.learn(accepted: accepted, of: run.draft.count)
        case .model: draftLength.learn(accepted: accepted, of: run.draft.count)
        }
    }
}

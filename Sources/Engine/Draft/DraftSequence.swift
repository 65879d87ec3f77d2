import Model

/// How far the draft model has come with the text of one request, which may be any number of tokens behind.
struct DraftSequence: Sendable {
    var table = BlockTable()
    /// Positions from 0 on whose keys and values are those of the text.
    private(set) var computed = 0
    /// What was guessed behind the text; all but the last were fed.
    private(set) var guesses: [Int32] = []
    /// When it was last of use.
    var turn = 0

    /// The text is this now. Guesses that were right need not be fed again; the last token always is, for its logits, also
    /// where the text is the same as before, as the step that should have gone on with it was broken off.
    mutating func follow(_ tokens: [Int32]) {
        computed = min(computed, max(0, tokens.count - 1))
        for guess in guesses.dropLast() {
            guard computed < tokens.count - 1, guess == tokens[computed] else { break }
            computed += 1
        }
        guesses.removeAll(keepingCapacity: true)
    }

    /// The text is computed before position `end`.
    mutating func advance(to end: Int) { computed = end }

    mutating func append(guess: Int32) { guesses.append(guess) }

    /// Gives up its blocks, and what was in them.
    mutating func leave(_ pool: inout BlockPool, by id: RequestID) {
        pool.release(&table, by: RequestOrder(id: id))
        computed = 0
        guesses = []
    }
}

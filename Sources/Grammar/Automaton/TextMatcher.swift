/// Says which texts belong to a grammar, byte by byte; of no vocabulary. For texts that are there already.
package struct TextMatcher: Sendable {
    private let automaton: Automaton

    /// Throws if the grammar costs more than the budget, begins with itself, or allows no text. The budget is small where
    /// that of a request's output constraint is not: this is made where it is needed, on the caller's thread.
    package init(
        _ grammar: Grammar,
        budget: GrammarBudget = GrammarBudget(nodes: 50_000, states: 10_000, time: .milliseconds(500))
    ) throws(GrammarError) {
        var budget = budget
        automaton = try AutomatonBuilder.automaton(of: grammar, &budget)
    }

    /// The whole text is one of the grammar's.
    package func matches(_ text: some Sequence<UInt8>) -> Bool {
        var walker = Walker(automaton)
        for byte in text {
            guard walker.push(byte) else { return false }
            walker.commit()
        }
        return walker.isComplete
    }

    /// Where the texts end that begin at `start`, in rising order.
    ///
    /// - Parameter steps: bytes that may still be looked at; the search ends early when none is left.
    package func ends(in text: [UInt8], from start: Int, steps: inout Int) -> [Int] {
        var walker = Walker(automaton)
        var ends: [Int] = walker.isComplete ? [start] : []
        var position = start
        while position < text.count, steps > 0, walker.canContinue, walker.push(text[position]) {
            walker.commit()
            steps -= 1
            position += 1
            if walker.isComplete { ends.append(position) }
        }
        return ends
    }
}

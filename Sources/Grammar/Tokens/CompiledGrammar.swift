import Synchronization

/// A grammar made ready for one vocabulary. Shared by all requests that use it.
package final class CompiledGrammar: Sendable {
    let automaton: Automaton
    let trie: TokenTrie
    /// States that are the same for all short tokens.
    private let horizon: Horizon
    /// Where a text may end, a token that is not text may come too, and all is free behind it.
    let isLazy: Bool
    /// Masks of short tokens by class of states, and of places (`Walker.place`), made when first needed.
    private let masks = Mutex((classes: [Int32: StateMask](), places: [[Int32]: TokenSet]()))

    /// Masks of either kind that are kept; each has a bit for every token.
    private static let maskBytesLimit = 16 << 20

    /// Compiles the grammar. Throws if it costs more than the budget, begins with itself, or allows no text.
    package init(
        _ grammar: Grammar, trie: TokenTrie, isLazy: Bool = false, budget: GrammarBudget = GrammarBudget()
    ) throws(GrammarError) {
        var budget = budget
        automaton = try AutomatonBuilder.automaton(of: grammar, &budget)
        horizon = try Horizon(automaton, bytes: trie.horizon, &budget)
        self.trie = trie
        self.isLazy = isLazy
    }

    /// Bytes in memory, without masks.
    package var size: Int { automaton.size }

    package var stateCount: Int { automaton.stateCount }

    /// Of short tokens.
    func shortMask(of state: Int32) -> StateMask {
        let name = horizon.classes[Int(state)]
        if let mask = masks.withLock({ $0.classes[name] }) { return mask }
        let mask = StateMask(name, automaton, trie.short, count: trie.count)
        masks.withLock { masks in
            if isFull(masks.classes.count) { masks.classes.removeAll() }
            masks.classes[name] = mask
        }
        return mask
    }

    /// Of long tokens, which are few, so that it is not kept.
    func longMask(of state: Int32) -> StateMask { StateMask(state, automaton, trie.long, count: trie.count) }

    /// The mask of a place, kept from the last text that came by.
    func mask(at place: [Int32]) -> TokenSet? { masks.withLock { $0.places[place] } }

    func keep(_ mask: TokenSet, at place: [Int32]) {
        masks.withLock { masks in
            if isFull(masks.places.count) { masks.places.removeAll() }
            masks.places[place] = mask
        }
    }

    private func isFull(_ count: Int) -> Bool { (count + 1) * trie.count / 8 > Self.maskBytesLimit }
}

/// How far one text has come in a grammar, and which tokens may go on. For one thread at a time.
package struct TokenMatcher {
    private let grammar: CompiledGrammar
    private var walker: Walker
    /// A token that is not text has come, behind which the grammar has nothing to say.
    private var isReleased = false
    /// The last mask, and where it was made.
    private var lastMask: (place: [Walker.Configuration], mask: TokenSet)?

    package init(_ grammar: CompiledGrammar) {
        self.grammar = grammar
        walker = Walker(grammar.automaton)
    }

    /// The text so far is all of a text of the grammar.
    package var isComplete: Bool { walker.isComplete }

    /// Nothing may follow.
    package var isAtEnd: Bool { !walker.canContinue }

    /// Whatever follows, the grammar allows it.
    package var isFree: Bool { isReleased || walker.isFree }

    /// Whether some text of the grammar goes on with this token. None does with one that is not text, unless the
    /// grammar may be left.
    package mutating func allows(_ token: Int32) -> Bool {
        guard let bytes = grammar.trie.bytes(of: token) else { return mayLeave }
        defer { walker.pop(to: 0) }
        return bytes.allSatisfy { walker.push($0) }
    }

    /// Goes on with a token; says whether the grammar allows it. If not, the matcher is of no more use.
    package mutating func accept(_ token: Int32) -> Bool {
        guard let bytes = grammar.trie.bytes(of: token) else {
            isReleased = mayLeave
            return isReleased
        }
        let isAllowed = bytes.allSatisfy { walker.push($0) }
        walker.commit()
        return isAllowed
    }

    /// Texts of a lazy grammar that may end anywhere are free text.
    private var mayLeave: Bool { grammar.isLazy && walker.isComplete }

    /// All tokens that `allows` allows.
    package mutating func mask() -> TokenSet {
        let place = Array(walker.current)
        if let lastMask, lastMask.place == place { return lastMask.mask }
        var mask = TokenSet(count: grammar.trie.count)
        var open: [Int32] = []
        for state in Set(place.map(\.state)) where grammar.automaton.traits[Int(state)].contains(.reads) {
            let known = grammar.mask(of: state)
            mask.formUnion(known.certain)
            open += known.escapes
        }
        // Where a rule may have ended, the text is followed with all that is known of its callers.
        for node in open.contains(-1) ? [-1] : Array(Set(open)) { follow(node, &mask) }
        if mayLeave { mask.formUnion(grammar.trie.others) }
        lastMask = (place, mask)
        return mask
    }

    /// Adds the tokens below a node, those that lead on.
    private mutating func follow(_ node: Int32, _ mask: inout TokenSet) {
        let trie = grammar.trie
        let note = { (index: Int, _: Bool) in
            if trie.nodes[index].token >= 0 { mask.insert(trie.nodes[index].token) }
        }
        guard node >= 0 else { return trie.walk(from: 0, to: trie.nodes.count, &walker, note) }
        defer { walker.pop(to: 0) }
        for byte in trie.path(to: Int(node)) where !walker.push(byte) { return }
        trie.walk(from: Int(node) + 1, to: Int(trie.nodes[Int(node)].after), &walker, note)
    }
}

extension TokenTrie {
    /// Bytes from the root to a node, which is found by the token of some node below it.
    func path(to index: Int) -> ArraySlice<UInt8> {
        let depth = Int(nodes[index].depth)
        var below = index
        while nodes[below].token < 0 { below += 1 }
        return (bytes(of: nodes[below].token) ?? []).prefix(depth)
    }
}

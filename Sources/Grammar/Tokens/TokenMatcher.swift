/// How far one text has come in a grammar, and which tokens may go on. For one thread at a time.
package struct TokenMatcher {
    /// Longest description of a place whose mask is kept.
    private static let placeLimit = 64

    private let grammar: CompiledGrammar
    private var walker: Walker
    /// A token that is not text has come, behind which the grammar has nothing to say.
    private var isReleased = false

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

    /// Bytes that are looked ahead; a line of a schema has fewer.
    private static let forcedLimit = 96

    /// Where the text can go on in one way only, that as the tokenizer writes it. Other tokens may write the same.
    package mutating func forcedTokens() -> [Int32] {
        defer { walker.pop(to: 0) }
        var bytes: [UInt8] = []
        while bytes.count < Self.forcedLimit, !walker.isComplete, let byte = walker.onlyByte {
            bytes.append(byte)
            _ = walker.push(byte)
        }
        return grammar.trie.tokens(of: bytes)
    }

    /// Bytes of an end that is looked for; few documents are cut where more are missing.
    private static let endLimit = 4096

    /// Whether behind a token the text can still come to its end in `room` more of them. So too where the grammar does
    /// not allow the token.
    package mutating func leavesRoom(_ token: Int32, room: Int) -> Bool {
        guard let bytes = grammar.trie.bytes(of: token) else { return true }
        defer { walker.pop(to: 0) }
        guard bytes.allSatisfy({ walker.push($0) }), let distance = walker.distance else { return true }
        // Every byte is a token, so that the text itself is looked at only where it may be too long.
        return distance <= room || shortestEnd(tokens: room) != nil
    }

    /// The shortest way to the end of the text, in its longest tokens; nil if they are more than `limit`. Behind the first
    /// of them it is the rest of them.
    package mutating func shortestEnd(tokens limit: Int) -> [Int32]? {
        let tree = grammar.trie.short
        let bytes = min(Self.endLimit, max(0, min(limit, Self.endLimit)) * tree.longest)
        guard let distance = walker.distance, distance <= bytes else { return nil }
        guard var rest = walker.shortestEnd(limit: bytes)?[...] else { return nil }
        var tokens: [Int32] = []
        while !rest.isEmpty {
            guard tokens.count < limit, let token = tree.longestToken(in: rest) else { return nil }
            tokens.append(token.id)
            rest = rest.dropFirst(token.count)
        }
        return tokens.count <= limit ? tokens : nil
    }

    /// All tokens that `allows` allows.
    package mutating func mask() -> TokenSet {
        guard let place = walker.place(limit: Self.placeLimit) else { return freshMask() }
        if let mask = grammar.mask(at: place) { return mask }
        let mask = freshMask()
        grammar.keep(mask, at: place)
        return mask
    }

    private mutating func freshMask() -> TokenSet {
        let grammar = grammar
        var mask = TokenSet(count: grammar.trie.count)
        add(grammar.trie.short, to: &mask, known: grammar.shortMask)
        add(grammar.trie.long, to: &mask, known: grammar.longMask)
        if mayLeave { mask.formUnion(grammar.trie.others) }
        return mask
    }

    /// Adds the tokens of a tree that are allowed, by what is known of each state.
    private mutating func add(_ tree: TokenTree, to mask: inout TokenSet, known: (_ state: Int32) -> StateMask) {
        var open: Set<Int32> = []
        for state in Set(walker.current.map(\.state)) where grammar.automaton.traits[Int(state)].contains(.reads) {
            let known = known(state)
            mask.formUnion(known.certain)
            open.formUnion(known.escapes)
        }
        // Where a rule may have ended, the text is followed with all that is known of its callers.
        for node in open.contains(-1) ? [-1] : open {
            if grammar.trie.path(to: node, in: tree).allSatisfy({ walker.push($0) }) {
                tree.walk(below: node, &walker, into: &mask) { _ in }
            }
            walker.pop(to: 0)
        }
    }
}

import Model

/// Which blocks hold, or will soon hold, the K/V of which prefixes.
///
/// An entry is made when a request gets a block for tokens that nobody has computed: it promises them. Others with the
/// same prefix take the block at once and wait for its writer rather than compute it again. K/V of equal prefixes are
/// equal to the bit, so it does not matter whose they are.
struct PrefixIndex: Sendable {
    struct Entry: Sendable {
        let name: PrefixHash
        /// Positions of the block whose K/V is there; only full blocks outlive their holders.
        var computed: Int
        /// Who computes the rest. nil when it is complete, or when its writer left: then the next that needs it goes on.
        var writer: BlockWriter?

        var isComplete: Bool { computed == KVBlock.tokens }
    }

    private var blocks: [PrefixHash: Int32] = [:]
    /// (blocks)
    private var entries: [Entry?]
    /// (blocks, KVBlock.tokens) what an entry is for, so that a hit is a comparison and not a belief.
    private var tokens: [Int32]
    /// What was here not long ago.
    private var forgotten: RecentNames

    init(blocks: Int) {
        entries = Array(repeating: nil, count: blocks)
        tokens = Array(repeating: 0, count: blocks * KVBlock.tokens)
        forgotten = RecentNames(limit: blocks)
    }

    subscript(block: Int32) -> Entry? { entries[Int(block)] }

    func contains(_ name: PrefixHash) -> Bool { blocks[name] != nil }

    /// The tokens of a block that has an entry.
    func tokens(of block: Int32) -> ArraySlice<Int32> { tokens[places(of: block)] }

    /// The block of that name and those tokens.
    func block(of name: PrefixHash, tokens: ArraySlice<Int32>) -> Int32? {
        guard let block = blocks[name], self.tokens[places(of: block)] == tokens else { return nil }
        return block
    }

    /// Does nothing if the name is taken: then two blocks hold the same, and only the first is found.
    mutating func insert(
        _ block: Int32, name: PrefixHash, tokens: ArraySlice<Int32>, computed: Int, writer: BlockWriter?
    ) {
        guard blocks[name] == nil else { return }
        blocks[name] = block
        entries[Int(block)] = Entry(name: name, computed: computed, writer: writer)
        for (place, token) in zip(places(of: block), tokens) { self.tokens[place] = token }
    }

    mutating func remove(_ block: Int32) {
        guard let entry = entries[Int(block)] else { return }
        blocks[entry.name] = nil
        entries[Int(block)] = nil
        if entry.isComplete { forgotten.insert(entry.name) }
    }

    /// Whether a block of that name was complete, and lately had to make room.
    func hasForgotten(_ name: PrefixHash) -> Bool { forgotten.contains(name) }

    /// `writer` writes from now on what nobody else does.
    mutating func claim(_ block: Int32, for writer: BlockWriter) {
        guard entries[Int(block)]?.writer == nil, entries[Int(block)]?.isComplete == false else { return }
        entries[Int(block)]?.writer = writer
    }

    /// `writer` computed the first positions of the block.
    mutating func advance(_ block: Int32, to computed: Int, by writer: BlockWriter) {
        guard entries[Int(block)]?.writer == writer else { return }
        entries[Int(block)]?.computed = computed
        if computed == KVBlock.tokens { entries[Int(block)]?.writer = nil }
    }

    /// `writer` computed no more than the first positions of the block, and will do the rest.
    mutating func retract(_ block: Int32, to computed: Int, by writer: BlockWriter) {
        guard let entry = entries[Int(block)], entry.computed > computed, entry.isComplete || entry.writer == writer
        else { return }
        entries[Int(block)]?.computed = computed
        entries[Int(block)]?.writer = writer
    }

    /// `writer` will not go on.
    mutating func abandon(_ block: Int32, by writer: BlockWriter) {
        if entries[Int(block)]?.writer == writer { entries[Int(block)]?.writer = nil }
    }

    private func places(of block: Int32) -> Range<Int> {
        Int(block) * KVBlock.tokens..<(Int(block) + 1) * KVBlock.tokens
    }
}

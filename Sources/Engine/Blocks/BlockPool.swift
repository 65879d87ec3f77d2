import Model

/// Which K/V blocks are free, which are held and by how many, and what they are known to hold. Hands out numbers; the
/// memory is the model's.
///
/// A block is in one of three places: free (its content is worth nothing), held by one or more block tables, or idle:
/// held by nobody, but complete and in the prefix index, until its place is needed.
package struct BlockPool: Sendable {
    /// What `checkIntegrity` found wrong: a bug, never an overload.
    package enum Violation: Error, Equatable {
        /// A block is in two places at once, or in none.
        case misplaced(Int32)
        /// A block is held by so many tables, but counts others.
        case heldBy(Int, counted: Int, block: Int32)
        /// The prefix index names a block that is free, or one that is idle and incomplete.
        case wronglyIndexed(Int32)
        /// Several tables hold a block that the prefix index does not know: each would write there.
        case sharedUnknown(Int32)
        /// A request has computed positions that it has no blocks for.
        case withoutBlocks(computed: Int, positions: Int)
    }

    /// Free blocks; the last one goes out next, as its memory is the warmest.
    private var free: [Int32]
    /// Idle blocks, least recently used first. The blocks of a prefix leave it from its end, so that what remains of it
    /// can be found.
    private var idle: BlockList
    /// (total) how many tables hold the block of that number.
    private var holders: [Int32]
    private var index: PrefixIndex
    private var ledger: StoreLedger
    private let keepsIdle: Bool

    /// - Parameters:
    ///   - keepsIdle: whether a complete block is kept when nobody holds it any more.
    ///   - stored: what the block store has; nil where there is none.
    package init(blocks: Int, keepsIdle: Bool = true, stored: Set<PrefixHash>? = nil) {
        free = (0..<Int32(clamping: blocks)).reversed()
        idle = BlockList(blocks: free.count)
        holders = Array(repeating: 0, count: free.count)
        index = PrefixIndex(blocks: free.count)
        ledger = StoreLedger(blocks: free.count, stored: keepsIdle ? stored : nil)
        self.keepsIdle = keepsIdle
    }

    package var total: Int { holders.count }
    /// Blocks to be had: free ones, and idle ones at the cost of what they hold.
    package var freeCount: Int { free.count + idle.count }
    /// Blocks that nobody holds, kept for the sake of their content.
    package var idleCount: Int { idle.count }
    package var heldCount: Int { total - freeCount }

    /// A block that only the caller holds; its content is anything.
    package mutating func lease() -> Int32? {
        guard let block = free.popLast() ?? evict() else { return nil }
        holders[Int(block)] = 1
        return block
    }

    private mutating func evict() -> Int32? {
        guard let block = idle.popFirst() else { return nil }
        if let name = index[block]?.name { ledger.evict(block, name, tokens: index.tokens(of: block)) }
        index.remove(block)
        return block
    }

    /// Gives up all blocks of the table and empties it. What `owner` has promised to write there it will not.
    package mutating func release(_ table: inout BlockTable, by owner: RequestOrder) {
        // From the end: the blocks of a prefix shall go before what they stand on.
        for block in table.blocks.reversed() {
            precondition(holders[Int(block)] > 0, "block \(block) was released once too often")
            index.abandon(block, by: .request(owner))
            holders[Int(block)] -= 1
            if holders[Int(block)] == 0 { retire(block) }
        }
        table.removeAll()
    }

    private mutating func retire(_ block: Int32) {
        if keepsIdle, let entry = index[block], entry.isComplete {
            idle.append(block)
            ledger.rest(block, entry.name)
        } else {
            index.remove(block)
            free.append(block)
        }
    }
}

// MARK: - Prefixes

extension BlockPool {
    /// What is there of a sequence before it is computed.
    package struct Match: Sendable, Equatable {
        /// Blocks of its first full blocks, complete or promised; nil for one that the store has.
        package fileprivate(set) var blocks: [Int32?] = []
        /// Of these, how many need no block leased.
        package fileprivate(set) var foundCount = 0
        /// Of the found ones, how many nobody holds.
        package fileprivate(set) var idleCount = 0
        /// Why there are no more; nil if all that may be shared is there.
        package fileprivate(set) var miss: PrefixMiss?
    }

    /// Looks for the longest known prefix, of at most `limit` full blocks, of which others compute nothing that come after
    /// `reader`: it must not wait for them. Changes nothing.
    func match(_ tokens: [Int32], _ chain: PrefixChain, limit: Int, for reader: RequestOrder) -> Match {
        var match = Match()
        guard limit > 0 else {
            match.miss = .short
            return match
        }
        for (number, name) in chain.hashes.prefix(limit).enumerated() {
            let first = number * KVBlock.tokens
            guard let block = index.block(of: name, tokens: tokens[first..<first + KVBlock.tokens]) else {
                if ledger.names.contains(name), !index.contains(name) {
                    match.blocks.append(nil)
                    continue
                }
                match.miss = index.hasForgotten(name) ? .evicted : number == 0 ? .unknown : .diverged
                break
            }
            guard index[block]?.writer.map({ $0 < .request(reader) }) ?? true else {
                match.miss = .behind
                break
            }
            match.blocks.append(block)
            match.foundCount += 1
            if idle.contains(block) { match.idleCount += 1 }
        }
        return match
    }

    /// Gives the blocks of a match to one more table, and leases those that the store shall fill: the caller has seen that
    /// there are enough. `tokens` and `chain` are those that were matched.
    mutating func share(_ match: Match, with table: inout BlockTable, _ tokens: [Int32], _ chain: PrefixChain) {
        // All held before one is leased, which could take the place of another.
        for case let block? in match.blocks {
            if idle.contains(block) {
                idle.remove(block)
                ledger.wake(block)
            }
            holders[Int(block)] += 1
        }
        for (number, block) in match.blocks.enumerated() {
            let first = number * KVBlock.tokens
            table.append(block ?? restore(chain.hashes[number], tokens[first..<first + KVBlock.tokens]))
        }
    }

    /// A block that the store has promised to fill.
    private mutating func restore(_ name: PrefixHash, _ tokens: ArraySlice<Int32>) -> Int32 {
        guard let block = lease() else { preconditionFailure("fewer blocks are free than were counted") }
        let writer = ledger.restore(block, name, tokens: tokens)
        index.insert(block, name: name, tokens: tokens, computed: 0, writer: writer)
        return block
    }

    /// Makes a held block findable under the name of its tokens, of which the first `computed` are there. `writer` will
    /// compute the rest.
    mutating func index(
        _ block: Int32, name: PrefixHash, tokens: ArraySlice<Int32>, computed: Int, writer: BlockWriter?
    ) {
        index.insert(block, name: name, tokens: tokens, computed: computed, writer: writer)
    }

    /// What is known of a block's content; nil for one that only its holder knows.
    func entry(of block: Int32) -> PrefixIndex.Entry? { index[block] }

    mutating func claim(_ block: Int32, for writer: BlockWriter) { index.claim(block, for: writer) }

    mutating func advance(_ block: Int32, to computed: Int, by writer: BlockWriter) {
        index.advance(block, to: computed, by: writer)
    }

    mutating func retract(_ block: Int32, to computed: Int, by writer: BlockWriter) {
        index.retract(block, to: computed, by: writer)
    }
}

// MARK: - The block store

extension BlockPool {
    package var hasStore: Bool { ledger.isPresent }
    /// Idle blocks that the store neither has nor was offered.
    package var unsavedCount: Int { ledger.unsavedCount }

    /// The store has a block of that name from now on.
    mutating func learn(_ name: PrefixHash) { ledger.learn(name) }

    /// The store has none of that name any more.
    mutating func forget(_ name: PrefixHash) { ledger.forget(name) }

    /// Whether the block still waits for this restore: who wanted it may have left, and the block be another's.
    func awaits(_ restore: BlockRestore) -> Bool { index[restore.block]?.writer == .store(restore.id) }

    /// The content of a restored block is there, or will not come. Then the next that needs it computes it.
    mutating func settle(_ restore: BlockRestore, isThere: Bool) {
        if isThere {
            index.advance(restore.block, to: KVBlock.tokens, by: .store(restore.id))
        } else {
            index.abandon(restore.block, by: .store(restore.id))
            ledger.forget(restore.name)
        }
    }

    /// Idle blocks that the store lacks, those first that leave first, at most `limit`. Each is named once.
    mutating func takeUnsaved(limit: Int) -> [BlockSave] {
        var saves: [BlockSave] = []
        while saves.count < limit, let block = ledger.popUnsaved() {
            guard let name = index[block]?.name, !ledger.names.contains(name) else { continue }
            saves.append(
                BlockSave(block: block, name: name, tokens: Array(index.tokens(of: block)), isStored: false))
        }
        return saves
    }

    /// Adds what the store has to do to the plan of a step.
    mutating func moveTransfers(to plan: inout StepPlan) { ledger.move(to: &plan) }
}

// MARK: - Integrity

extension BlockPool {
    /// Every block is in one place; `tables` together are the holders; the index knows no free block.
    package func checkIntegrity(tables: some Sequence<BlockTable>) throws(Violation) {
        var held = Array(repeating: Int32(0), count: total)
        for table in tables {
            for block in table.blocks { held[Int(block)] += 1 }
        }
        var places = held.map { $0 > 0 ? 1 : 0 }
        for block in free { places[Int(block)] += 1 }
        for block in 0..<Int32(total) {
            if idle.contains(block) { places[Int(block)] += 1 }
            guard places[Int(block)] == 1 else { throw .misplaced(block) }
            guard held[Int(block)] == holders[Int(block)] else {
                throw .heldBy(Int(held[Int(block)]), counted: Int(holders[Int(block)]), block: block)
            }
            let entry = index[block]
            guard idle.contains(block) ? entry?.isComplete == true : entry == nil || held[Int(block)] > 0 else {
                throw .wronglyIndexed(block)
            }
            guard !ledger.isUnsaved(block) || idle.contains(block) else { throw .misplaced(block) }
            guard held[Int(block)] < 2 || entry != nil else { throw .sharedUnknown(block) }
        }
    }
}

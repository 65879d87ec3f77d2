import Model

extension ActiveRequest {
    /// Takes what the pool knows of its tokens and leases the rest of `count` blocks, which the caller has seen to be
    /// free. What it will compute it promises to others.
    mutating func enter(_ pool: inout BlockPool, _ match: BlockPool.Match, blocks count: Int) {
        reserve()
        pool.share(match, with: &table, tokens, chain)
        sharedBlocks = match.blocks.count
        while table.blocks.count < count, let block = pool.lease() { table.append(block) }
        for number in sharedBlocks..<max(sharedBlocks, chain.hashes.count) {
            index(number, in: &pool, computed: 0, writer: .request(order))
        }
    }

    /// Gives up all blocks, to come back later or never.
    mutating func leave(_ pool: inout BlockPool) {
        pool.release(&table, by: order)
        computed = 0
        sharedBlocks = 0
        if outputCount == 0 { cachedCount = 0 }
    }

    /// Takes note of what others have computed in shared blocks.
    mutating func catchUp(_ pool: BlockPool) {
        while computed < sharedPositions {
            let number = computed / KVBlock.tokens
            guard let entry = pool.entry(of: table.blocks[number]) else { return }
            let reached = number * KVBlock.tokens + entry.computed
            guard reached > computed else { return }
            if outputCount == 0 { cachedCount += reached - computed }
            computed = reached
        }
    }

    /// What the step was to compute in shared blocks is not there: the opposite of `catchUp`, after every `retract`.
    mutating func fallBack(_ pool: BlockPool) {
        for number in 0..<min(sharedBlocks, KVBlock.count(for: computed)) {
            guard let entry = pool.entry(of: table.blocks[number]), !entry.isComplete else { continue }
            let reached = number * KVBlock.tokens + entry.computed
            guard reached < computed else { return }
            if outputCount == 0 { cachedCount -= computed - reached }
            computed = reached
            return
        }
    }

    /// How many pending tokens it may feed now, of those before position `end`: up to where another's promise begins.
    /// What nobody has promised it promises itself.
    func reach(_ pool: inout BlockPool, end: Int) -> Int {
        let wanted = max(computed, end)
        var number = computed / KVBlock.tokens
        while number < sharedBlocks, number * KVBlock.tokens < wanted {
            pool.claim(table.blocks[number], for: .request(order))
            guard pool.entry(of: table.blocks[number])?.writer == .request(order) else {
                return max(0, number * KVBlock.tokens - computed)
            }
            number += 1
        }
        return wanted - computed
    }

    /// The next `count` tokens will be fed in this step: who shares their blocks may count on them in the same step, as
    /// every layer writes the keys and values of all rows before it reads any.
    func announce(_ count: Int, to pool: inout BlockPool) {
        let end = computed + count
        for number in computed / KVBlock.tokens..<KVBlock.count(for: end) {
            pool.advance(
                table.blocks[number], to: min(KVBlock.tokens, end - number * KVBlock.tokens),
                by: .request(order))
        }
    }

    /// The opposite of `announce`: they were not fed, and still are to be.
    func retract(from positions: Range<Int>, in pool: inout BlockPool) {
        for number in positions.lowerBound / KVBlock.tokens..<KVBlock.count(for: positions.upperBound) {
            pool.retract(
                table.blocks[number], to: max(0, positions.lowerBound - number * KVBlock.tokens), by: .request(order))
        }
    }

    /// Positions before `end` are computed; blocks that are full now can be found.
    mutating func advance(to end: Int, _ pool: inout BlockPool) {
        for number in max(sharedBlocks, computed / KVBlock.tokens)..<max(sharedBlocks, end / KVBlock.tokens) {
            index(number, in: &pool, computed: KVBlock.tokens)
        }
        computed = end
    }

    private func index(_ number: Int, in pool: inout BlockPool, computed: Int, writer: BlockWriter? = nil) {
        guard number < chain.hashes.count, pool.entry(of: table.blocks[number]) == nil else { return }
        let first = number * KVBlock.tokens
        pool.index(
            table.blocks[number], name: chain.hashes[number], tokens: tokens[first..<first + KVBlock.tokens],
            computed: computed, writer: writer)
    }
}

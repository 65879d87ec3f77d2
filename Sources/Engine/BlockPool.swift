/// Which K/V blocks are free and which are leased. Hands out numbers; the memory is the model's.
package struct BlockPool: Sendable {
    /// What `checkIntegrity` found wrong: a bug, never an overload.
    package enum Violation: Error, Equatable {
        /// A block is free twice, leased twice, or both free and leased.
        case blockTwice(Int32)
        /// A block of a table is not marked as leased.
        case notLeased(Int32)
        case countMismatch(free: Int, leased: Int, total: Int)
    }

    /// Free blocks; the last one goes out next, as its memory is the warmest.
    private var free: [Int32]
    /// (total) whether the block of that number is leased.
    private var leased: [Bool]

    package init(blocks: Int) {
        free = (0..<Int32(clamping: blocks)).reversed()
        leased = Array(repeating: false, count: free.count)
    }

    package var total: Int { leased.count }
    package var freeCount: Int { free.count }
    package var leasedCount: Int { total - freeCount }

    package mutating func lease() -> Int32? {
        guard let block = free.popLast() else { return nil }
        leased[Int(block)] = true
        return block
    }

    /// Takes back all blocks of the table and empties it.
    package mutating func release(_ table: inout BlockTable) {
        for block in table.blocks.reversed() {
            precondition(leased[Int(block)], "block \(block) was released twice")
            leased[Int(block)] = false
            free.append(block)
        }
        table.removeAll()
    }

    /// Free + leased = total, and `tables` together hold exactly the leased blocks, each once.
    package func checkIntegrity(tables: some Sequence<BlockTable>) throws(Violation) {
        var seen = Array(repeating: false, count: total)
        for block in free {
            guard !seen[Int(block)], !leased[Int(block)] else { throw .blockTwice(block) }
            seen[Int(block)] = true
        }
        var held = 0
        for table in tables {
            for block in table.blocks {
                guard leased[Int(block)] else { throw .notLeased(block) }
                guard !seen[Int(block)] else { throw .blockTwice(block) }
                seen[Int(block)] = true
                held += 1
            }
        }
        guard freeCount + held == total else {
            throw .countMismatch(free: freeCount, leased: held, total: total)
        }
    }
}

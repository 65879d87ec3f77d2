import Model

/// Where a sequence's K/V lies: entry i is the block of positions `i * KVBlock.tokens` and after.
package struct BlockTable: Sendable, Equatable {
    package private(set) var blocks: [Int32] = []

    package init() {}

    /// Positions the blocks have room for.
    package var positions: Int { blocks.count * KVBlock.tokens }

    mutating func reserve(positions: Int) { blocks.reserveCapacity(KVBlock.count(for: positions)) }

    package mutating func append(_ block: Int32) { blocks.append(block) }

    /// Keeps its memory: a preempted request comes back to about as many blocks.
    mutating func removeAll() { blocks.removeAll(keepingCapacity: true) }
}

/// Block numbers in an order of their own: a doubly linked list inside arrays, so that any block leaves it in constant
/// time and nothing is allocated.
struct BlockList: Sendable {
    private static let absent: Int32 = -1

    /// (blocks + 1) The last entry stands before the first and after the last of the list.
    private var next: [Int32]
    private var previous: [Int32]
    private(set) var count = 0

    /// Empty, for blocks with numbers below `blocks`.
    init(blocks: Int) {
        next = Array(repeating: Self.absent, count: blocks + 1)
        previous = next
        next[blocks] = Int32(clamping: blocks)
        previous[blocks] = Int32(clamping: blocks)
    }

    private var ends: Int { next.count - 1 }

    func contains(_ block: Int32) -> Bool { next[Int(block)] != Self.absent }

    /// `block` must not be in the list.
    mutating func append(_ block: Int32) {
        let last = previous[ends]
        next[Int(last)] = block
        previous[Int(block)] = last
        next[Int(block)] = Int32(ends)
        previous[ends] = block
        count += 1
    }

    /// `block` must be in the list.
    mutating func remove(_ block: Int32) {
        next[Int(previous[Int(block)])] = next[Int(block)]
        previous[Int(next[Int(block)])] = previous[Int(block)]
        next[Int(block)] = Self.absent
        count -= 1
    }

    mutating func popFirst() -> Int32? {
        guard count > 0 else { return nil }
        let first = next[ends]
        remove(first)
        return first
    }
}

/// Who fills a block that others count on. The smaller one goes first: it never waits for a larger one.
enum BlockWriter: Hashable, Comparable, Sendable {
    /// The block store, which waits for nobody; by which of its restores.
    case store(UInt64)
    case request(RequestOrder)
}

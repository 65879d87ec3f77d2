/// Which pairs of tokens merge, in which order, to what.
struct MergeTable: Sendable {
    /// Left id shifted left by 32, or right id; all ones is free. Open addressing, at most half full.
    private var keys: [UInt64]
    private var ranks: [Int32]
    /// (rank) the merged token.
    private var results: [Int32] = []

    init(capacity count: Int) {
        var capacity = 16
        while capacity < count * 2 { capacity *= 2 }
        keys = [UInt64](repeating: .max, count: capacity)
        ranks = [Int32](repeating: 0, count: capacity)
        results.reserveCapacity(count)
    }

    /// Adds the next pair in order. A pair that is there already keeps its better rank.
    mutating func append(_ left: Int32, _ right: Int32, result: Int32) {
        let key = Self.key(left, right)
        let slot = slot(of: key)
        if keys[slot] == .max {
            keys[slot] = key
            ranks[slot] = Int32(results.count)
        }
        results.append(result)
    }

    func rank(_ left: Int32, _ right: Int32) -> Int32? {
        let key = Self.key(left, right)
        let slot = slot(of: key)
        return keys[slot] == key ? ranks[slot] : nil
    }

    func result(ofRank rank: Int32) -> Int32 { results[Int(rank)] }

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    private func slot(of key: UInt64) -> Int {
        let mask = keys.count - 1
        let product = (key ^ key >> 31).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        var slot = Int(truncatingIfNeeded: product.high ^ product.low) & mask
        while keys[slot] != .max, keys[slot] != key { slot = (slot + 1) & mask }
        return slot
    }
}

/// Draws without replacement, the same for the same seed.
enum Draw {
    /// `limit` of the numbers below `count` in rising order; all of them where there are no more.
    static func indices(of count: Int, limit: Int?, seed: UInt64) -> [Int] {
        guard let limit, limit < count else { return Array(0..<count) }
        var random = SplitMix64(seed: seed)
        // Floyd's: every set of `limit` numbers is as likely, and nothing of the size of `count` is made.
        var chosen: Set<Int> = []
        for last in (count - limit)..<count {
            let pick = Int(random.next(upperBound: UInt64(last) + 1))
            chosen.insert(chosen.contains(pick) ? last : pick)
        }
        return chosen.sorted()
    }
}

/// Steele, Lea and Flood's generator: one word of state, and every seed is a good one.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mixed(state)
    }

    /// Its mixing alone: each bit of the result depends on each of the word.
    @inline(__always) static func mixed(_ word: UInt64) -> UInt64 {
        var word = word
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

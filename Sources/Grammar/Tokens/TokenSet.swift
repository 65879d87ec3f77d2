/// A set of token ids, one bit each.
package struct TokenSet: Sendable, Equatable {
    package internal(set) var words: [UInt64]

    package init(count: Int) { words = [UInt64](repeating: 0, count: (count + 63) / 64) }

    /// Ids outside the vocabulary are in no set.
    package subscript(token: Int32) -> Bool {
        get { holds(token) && words[Int(token) / 64] >> UInt64(token % 64) & 1 == 1 }
        set {
            guard holds(token) else { return }
            let bit: UInt64 = 1 << UInt64(token % 64)
            if newValue { words[Int(token) / 64] |= bit } else { words[Int(token) / 64] &= ~bit }
        }
    }

    private func holds(_ token: Int32) -> Bool { token >= 0 && Int(token) / 64 < words.count }

    package func contains(_ token: Int32) -> Bool { self[token] }

    mutating func insert(_ token: Int32) { self[token] = true }

    mutating func formUnion(_ other: TokenSet) {
        for index in words.indices { words[index] |= other.words[index] }
    }
}

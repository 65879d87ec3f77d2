import Model

/// The name of everything up to the end of one full block: its tokens, all tokens before them, and the scope they are
/// shared in. 128 bits under a key that each process draws anew, so nobody can prepare two prefixes with one name.
package struct PrefixHash: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    /// Of no tokens. Requests of different scopes share nothing, so that none can time another's prompts.
    package init(scope: String) {
        (high, low) = Self.pair { $0.combine(scope) }
    }

    /// Of one block more. `tokens` are those of the block.
    package init(_ parent: PrefixHash, _ tokens: ArraySlice<Int32>) {
        (high, low) = Self.pair { hasher in
            hasher.combine(parent)
            tokens.withUnsafeBytes { hasher.combine(bytes: $0) }
        }
    }

    /// Swift's `Hasher` is SipHash-1-3 under the key of the process; two of them with different beginnings give 128 bits.
    private static func pair(_ feed: (inout Hasher) -> Void) -> (UInt64, UInt64) {
        var hashers = (Hasher(), Hasher())
        hashers.0.combine(false)
        hashers.1.combine(true)
        feed(&hashers.0)
        feed(&hashers.1)
        return (UInt64(bitPattern: Int64(hashers.0.finalize())), UInt64(bitPattern: Int64(hashers.1.finalize())))
    }
}

/// The names of the full blocks of one sequence, as far as they were asked for.
struct PrefixChain: Sendable {
    private let root: PrefixHash
    private(set) var hashes: [PrefixHash] = []

    init(scope: String) { root = PrefixHash(scope: scope) }

    /// Names all full blocks of `tokens`, of which those named before are a prefix.
    mutating func extend(over tokens: [Int32]) {
        while (hashes.count + 1) * KVBlock.tokens <= tokens.count {
            let first = hashes.count * KVBlock.tokens
            hashes.append(PrefixHash(hashes.last ?? root, tokens[first..<first + KVBlock.tokens]))
        }
    }
}

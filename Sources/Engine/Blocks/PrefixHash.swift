import Model

/// The name of everything up to the end of one full block: its tokens, all tokens before them, and the scope they are
/// shared in. 128 bits under a secret key, so nobody can prepare two prefixes with one name or guess another's.
package struct PrefixHash: Hashable, Sendable {
    package let low: UInt64
    package let high: UInt64

    package init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// Of no tokens. Requests of different scopes share nothing, so that none can time another's prompts.
    package init(scope: String, key: PrefixKey) {
        var scope = scope
        (low, high) = scope.withUTF8 { text in
            var hash = SipHash(key: key)
            hash.append(0)
            return hash.finish(UnsafeRawBufferPointer(text))
        }
    }

    /// Of one block more. `tokens` are those of the block.
    package init(_ parent: PrefixHash, _ tokens: ArraySlice<Int32>, key: PrefixKey) {
        (low, high) = tokens.withUnsafeBytes { tokens in
            var hash = SipHash(key: key)
            hash.append(1)
            hash.append(parent.low)
            hash.append(parent.high)
            return hash.finish(tokens)
        }
    }
}

/// The names of the full blocks of one sequence, as far as they were asked for.
struct PrefixChain: Sendable {
    private let key: PrefixKey
    private let root: PrefixHash
    private(set) var hashes: [PrefixHash] = []

    init(scope: String, key: PrefixKey) {
        self.key = key
        root = PrefixHash(scope: scope, key: key)
    }

    mutating func reserve(tokens: Int) { hashes.reserveCapacity(tokens / KVBlock.tokens) }

    /// Names all full blocks of `tokens`, of which those named before are a prefix.
    mutating func extend(over tokens: [Int32]) {
        while (hashes.count + 1) * KVBlock.tokens <= tokens.count {
            let first = hashes.count * KVBlock.tokens
            hashes.append(PrefixHash(hashes.last ?? root, tokens[first..<first + KVBlock.tokens], key: key))
        }
    }
}

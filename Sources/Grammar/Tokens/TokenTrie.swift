package import Language

/// All tokens of a vocabulary that are text, as a tree of their bytes in the order of a walk: a node's first child
/// follows it, and `after` leads past all that lie below.
package struct TokenTrie: Sendable {
    struct Node: Sendable {
        let byte: UInt8
        /// Bytes from the root; at least 1.
        let depth: UInt16
        /// The token that ends here, or -1.
        var token: Int32
        /// The next node that is not below.
        var after: Int32
    }

    private(set) var nodes: [Node] = []
    private let vocabulary: Vocabulary
    /// Ids below this can be sampled; no fewer than the vocabulary has.
    package let count: Int
    /// Tokens that are not text.
    let others: TokenSet
    /// Most bytes of a token.
    let longest: Int

    /// - Parameter count: how many logits a row has.
    package init(_ vocabulary: Vocabulary, count: Int) {
        self.vocabulary = vocabulary
        self.count = max(count, vocabulary.count)
        var others = TokenSet(count: self.count)
        for id in 0..<Int32(clamping: vocabulary.count) where vocabulary.isSpecial(id) { others.insert(id) }
        self.others = others
        let ids = (0..<Int32(clamping: vocabulary.count)).filter {
            !vocabulary.isSpecial($0) && vocabulary.bytes(of: $0).count <= Int(UInt16.max)
        }
        longest = ids.reduce(0) { max($0, vocabulary.bytes(of: $1).count) }
        let sorted = ids.sorted { vocabulary.bytes(of: $0).lexicographicallyPrecedes(vocabulary.bytes(of: $1)) }
        /// Nodes from the root to the last one.
        var path: [Int] = []
        var previous: ArraySlice<UInt8> = []
        for id in sorted {
            let bytes = vocabulary.bytes(of: id)
            let common = zip(previous, bytes).prefix { $0 == $1 }.count
            while path.count > common { nodes[path.removeLast()].after = Int32(nodes.count) }
            for byte in bytes.dropFirst(common) {
                path.append(nodes.count)
                nodes.append(Node(byte: byte, depth: UInt16(path.count), token: -1, after: 0))
            }
            if let last = path.last { nodes[last].token = id }
            previous = bytes
        }
        while let node = path.popLast() { nodes[node].after = Int32(nodes.count) }
    }

    /// How a text is written; no tokens where the bytes end or begin within a character.
    func tokens(of bytes: [UInt8]) -> [Int32] {
        bytes.isEmpty ? [] : String(validating: bytes, as: UTF8.self).map { Tokenizer(vocabulary).encode($0) } ?? []
    }

    /// Nil for tokens that are not text.
    func bytes(of token: Int32) -> ArraySlice<UInt8>? {
        let bytes = vocabulary.isSpecial(token) ? [] : vocabulary.bytes(of: token)
        return bytes.isEmpty ? nil : bytes
    }
}

package import Language

/// All tokens of a vocabulary that are text, to be walked together.
package struct TokenTrie: Sendable {
    /// Tokens of more bytes are few. What is found out about the others holds wherever a grammar is the same for so many
    /// bytes.
    package static let horizon = 16

    /// Tokens within the horizon.
    let short: TokenTree
    let long: TokenTree
    let horizon: Int
    private let vocabulary: Vocabulary
    /// Ids below this can be sampled; no fewer than the vocabulary has.
    package let count: Int
    /// Tokens that are not text.
    let others: TokenSet

    /// - Parameter count: how many logits a row has.
    package init(_ vocabulary: Vocabulary, count: Int, horizon: Int = Self.horizon) {
        self.vocabulary = vocabulary
        self.count = max(count, vocabulary.count)
        self.horizon = horizon
        var others = TokenSet(count: self.count)
        var tokens: [(id: Int32, bytes: ArraySlice<UInt8>)] = []
        for id in 0..<Int32(clamping: vocabulary.count) {
            if vocabulary.isSpecial(id) { others.insert(id) }
            guard !vocabulary.isSpecial(id), 1...Int(UInt16.max) ~= vocabulary.bytes(of: id).count else { continue }
            tokens.append((id, vocabulary.bytes(of: id)))
        }
        self.others = others
        short = TokenTree(tokens.filter { $0.bytes.count <= horizon })
        long = TokenTree(tokens.filter { $0.bytes.count > horizon })
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

    /// Bytes from the root of one of the trees to a node; none to -1, the root.
    func path(to node: Int32, in tree: TokenTree) -> ArraySlice<UInt8> {
        guard node >= 0 else { return [] }
        return (bytes(of: tree.token(below: node)) ?? []).prefix(Int(tree.nodes[Int(node)].depth))
    }
}

/// A block that the block store shall give its content.
package struct BlockRestore: Sendable, Equatable {
    /// Tells this restore from others into the same block.
    package let id: UInt64
    package let block: Int32
    package let name: PrefixHash
    package let tokens: [Int32]

    package init(id: UInt64, block: Int32, name: PrefixHash, tokens: [Int32]) {
        self.id = id
        self.block = block
        self.name = name
        self.tokens = tokens
    }
}

/// A complete block that the block store shall keep: read before anything else is written there.
package struct BlockSave: Sendable, Equatable {
    package let block: Int32
    package let name: PrefixHash
    /// What it is for.
    package let tokens: [Int32]
    /// The store has it already, and learns only that it was of use lately.
    package let isStored: Bool

    package init(block: Int32, name: PrefixHash, tokens: [Int32], isStored: Bool) {
        self.block = block
        self.name = name
        self.tokens = tokens
        self.isStored = isStored
    }
}

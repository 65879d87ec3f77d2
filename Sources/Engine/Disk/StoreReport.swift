/// What the block store's thread tells the engine thread.
package enum StoreReport: Sendable {
    /// A block of that name is on disk.
    case stored(PrefixHash)
    /// It is not any more.
    case lost(PrefixHash)
    /// The block read; to be given back.
    case restored(BlockRestore, StagedBlock)
    case failed(BlockRestore)
}

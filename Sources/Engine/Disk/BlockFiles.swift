/// Where the files of blocks are, one for each name. Only the store's thread calls it.
package protocol BlockFiles: Sendable {
    /// Makes the file or replaces it; a reader finds all of it or none.
    func write(_ name: PrefixHash, _ bytes: UnsafeRawBufferPointer) throws(BlockFileError)
    /// Fills `bytes` from a file that must be exactly as long.
    func read(_ name: PrefixHash, into bytes: UnsafeMutableRawBufferPointer) throws(BlockFileError)
    func remove(_ name: PrefixHash)
    /// Marks the file as used now, for the order after a restart.
    func touch(_ name: PrefixHash)
}

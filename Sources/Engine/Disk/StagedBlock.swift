/// Memory for the whole file of one block, on its way between the K/V memory and the disk.
///
/// `@unchecked Sendable`: it has one owner at a time, the engine thread, the store's thread or a letter between them.
package final class StagedBlock: @unchecked Sendable {
    /// Header and K/V bytes.
    let file: UnsafeMutableRawBufferPointer

    init(bytes: Int) {
        // On pages of its own, so that what lies behind the header is aligned for copying.
        file = .allocate(byteCount: bytes, alignment: 4096)
    }

    deinit { file.deallocate() }

    /// The K/V bytes.
    package var content: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: file[BlockFormat.headerBytes...])
    }
}

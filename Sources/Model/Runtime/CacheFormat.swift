package import CKernels

/// A way to keep keys and values, of one kernel table.
///
/// `@unchecked Sendable`: points at a table entry that never changes.
package struct CacheFormat: @unchecked Sendable {
    package let pointer: UnsafePointer<ck_cache>

    package var name: String { String(cString: pointer.pointee.name) }

    /// Bytes of one block of one K/V head, `KVBlock.tokens` positions.
    package func blockBytes(headSize: Int) -> Int { pointer.pointee.block_bytes(headSize) }
}

extension KernelTable {
    /// How these kernels keep keys and values.
    package func cacheFormat(_ type: RuntimeSettings.CacheType) -> CacheFormat {
        let kind = type == .q8 ? CK_INTEGER_CACHE : CK_FULL_CACHE
        return CacheFormat(pointer: ck_cache_of(table, kind))
    }
}

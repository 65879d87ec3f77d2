import CKernels

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Zeroed memory on huge pages, given back when the last reference goes.
///
/// `@unchecked Sendable`: the pointer is constant; who may touch the bytes when is the owner's business.
final class PageMemory: @unchecked Sendable {
    /// 2 MiB aligned.
    let base: UnsafeMutableRawPointer
    let count: Int

    init(bytes: Int) throws(RuntimeError) {
        guard let pages = ck_pages_allocate(bytes) else { throw .memory(bytes: bytes, code: errno) }
        base = pages
        count = bytes
    }

    deinit { ck_pages_free(base, count) }
}

/// Places arrays in one stretch of memory, one after another, each on its own cache lines.
struct PageLayout {
    private(set) var bytes = 0

    /// Offset of the next `size` bytes.
    mutating func place(_ size: Int) -> Int {
        defer { bytes += (size + 127) / 128 * 128 }
        return bytes
    }
}

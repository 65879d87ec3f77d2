#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// An open file that is read or written whole; its owner closes it.
struct PlainFile {
    let descriptor: Int32

    func put(_ bytes: UnsafeRawBufferPointer) throws(BlockFileError) {
        var rest = bytes
        while let start = rest.baseAddress, !rest.isEmpty {
            let count = write(descriptor, start, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw BlockFileError("write") }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    func get(_ bytes: UnsafeMutableRawBufferPointer) throws(BlockFileError) {
        var rest = bytes
        while let start = rest.baseAddress, !rest.isEmpty {
            let count = read(descriptor, start, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw BlockFileError("read") }
            guard count > 0 else { throw .wrongLength }
            rest = UnsafeMutableRawBufferPointer(rebasing: rest[count...])
        }
    }
}

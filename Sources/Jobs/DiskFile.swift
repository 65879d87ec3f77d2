import Glibc

/// An open file, closed with its last reference. All calls block; each is whole or throws.
final class DiskFile: Sendable {
    let path: String
    private let descriptor: Int32

    enum Mode {
        case read
        /// Made if it is not there, kept if it is.
        case readWrite
        /// Must not be there.
        case create

        fileprivate var flags: Int32 {
            switch self {
            case .read: O_RDONLY
            case .readWrite: O_RDWR | O_CREAT
            case .create: O_RDWR | O_CREAT | O_EXCL
            }
        }
    }

    init(path: String, _ mode: Mode) throws(StateError) {
        self.path = path
        descriptor = open(path, mode.flags | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system("open \(path)") }
    }

    deinit { close(descriptor) }

    var size: Int {
        get throws(StateError) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw .system("look at \(path)") }
            return Int(status.st_size)
        }
    }

    /// Up to `count` bytes, fewer only at the end of the file.
    func read(at offset: Int, count: Int) throws(StateError) -> [UInt8] {
        var failure: StateError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = 0
            while filled < count {
                let got = pread(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, offset + filled)
                if got < 0, errno == EINTR { continue }
                if got < 0 { failure = .system("read \(path)") }
                if got <= 0 { return }
                filled += got
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Writes all bytes at that place.
    func write(_ bytes: some Collection<UInt8>, at offset: Int) throws(StateError) {
        var written = 0
        let bytes = Array(bytes)
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                pwrite(descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written, offset + written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system("write \(path)") }
            written += count
        }
    }

    func truncate(to size: Int) throws(StateError) {
        guard ftruncate(descriptor, size) == 0 else { throw .system("truncate \(path)") }
    }

    /// Returns when the disk has all that was written.
    func sync() throws(StateError) {
        guard fsync(descriptor) == 0 else { throw .system("write \(path) to the disk") }
    }

    /// Makes the names of a folder's files last.
    static func sync(folder path: String) throws(StateError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open \(path)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system("write \(path) to the disk") }
    }

    /// Removes a name; one that is not there is no failure.
    static func remove(_ path: String) { unlink(path) }
}

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The bytes of one model file, or of a model in memory.
///
/// Files are read with pread and never mapped: a mapped file that is cut while in use kills the process with
/// SIGBUS, a read that comes up short is an error. The length is taken once, when the file is opened.
///
/// `@unchecked Sendable`: every member is constant; pread keeps no position; memory given to `init(bytes:name:)`
/// is never written again.
final class ByteSource: @unchecked Sendable {
    private enum Storage {
        case file(descriptor: Int32)
        case memory(UnsafeRawBufferPointer)
    }

    /// Path, or the name of bytes in memory; used in errors.
    let name: String
    let count: Int
    private let storage: Storage

    /// Opens a regular file. A symbolic link is followed (the Hugging Face cache consists of them); what it leads
    /// to must be a regular file.
    init(path: String) throws(CheckpointError) {
        // O_NONBLOCK: opening a pipe without a writer would wait for ever. Without effect on regular files.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .system(file: path, operation: "open", code: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw .system(file: path, operation: "stat", code: code)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .notRegularFile(file: path, kind: Self.kind(of: status.st_mode))
        }
        name = path
        count = Int(status.st_size)
        storage = .file(descriptor: descriptor)
    }

    /// Bytes that stay where they are for the life of the process.
    init(bytes: UnsafeRawBufferPointer, name: String) {
        self.name = name
        count = bytes.count
        storage = .memory(bytes)
    }

    deinit {
        if case .file(let descriptor) = storage { close(descriptor) }
    }

    /// Fills `buffer` with the bytes from `offset` on, all of them or an error that names `field`.
    func read(
        at offset: Int, into buffer: UnsafeMutableRawBufferPointer, field: @autoclosure () -> String
    ) throws(CheckpointError) {
        guard offset >= 0, offset <= count, buffer.count <= count - offset else {
            let left = offset >= 0 && offset < count ? count - offset : 0
            throw .truncated(
                CheckpointError.Place(file: name, offset: offset, field: field()), needed: UInt64(buffer.count),
                left: UInt64(left))
        }
        switch storage {
        case .memory(let bytes):
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset...][..<(offset + buffer.count)]))
        case .file(let descriptor): try read(descriptor, at: offset, into: buffer, field: field())
        }
    }

    private func read(
        _ descriptor: Int32, at offset: Int, into buffer: UnsafeMutableRawBufferPointer,
        field: @autoclosure () -> String
    ) throws(CheckpointError) {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let got = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if got > 0 {
                done += got
            } else if got == 0 {
                throw .truncated(
                    CheckpointError.Place(file: name, offset: offset + done, field: field()),
                    needed: UInt64(rest.count), left: 0)
            } else if errno != EINTR {
                throw .system(file: name, operation: "read \(field()) at byte \(offset + done)", code: errno)
            }
        }
    }

    /// Whether something lies at `path`, whatever it is.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0
    }

    static func isDirectory(_ path: String) throws(CheckpointError) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .system(file: path, operation: "open", code: errno) }
        return status.st_mode & S_IFMT == S_IFDIR
    }

    private static func kind(of mode: mode_t) -> String {
        switch mode & S_IFMT {
        case S_IFDIR: "a directory"
        case S_IFIFO: "a pipe"
        case S_IFCHR: "a character device"
        case S_IFBLK: "a block device"
        case S_IFSOCK: "a socket"
        default: "a special file"
        }
    }
}

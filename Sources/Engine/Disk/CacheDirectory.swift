#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The directory of a prefix cache, held alone by this process until the last reference goes.
///
/// A block's file is `NAME.kv`; it is written as `NAME.kv.tmp` and renamed. Nothing is synced: what a crash of the machine
/// leaves half written is found by its checksum. `lock` is locked while the directory is in use, `key` is the secret
/// of the names. Files of other names are left alone.
package final class CacheDirectory: BlockFiles {
    /// A block's file as it was found.
    package struct File: Sendable {
        package let name: PrefixHash
        package let bytes: Int

        package init(name: PrefixHash, bytes: Int) {
            self.name = name
            self.bytes = bytes
        }
    }

    package let path: String
    private let directory: Int32
    private let lock: Int32

    /// Makes the directory, for this user alone, if it is not there.
    package init(path: String) throws(CacheDirectoryError) {
        self.path = path
        // A file above a limit of the process is an error like a full disk, not its end.
        signal(SIGXFSZ, SIG_IGN)
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Self.error(path, "make") }
        directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw Self.error(path, "open") }
        lock = openat(directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else {
            let error = Self.error(path, "write")
            close(directory)
            throw error
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let error = errno == EWOULDBLOCK ? CacheDirectoryError.inUse(path: path) : Self.error(path, "lock")
            close(lock)
            close(directory)
            throw error
        }
    }

    deinit {
        close(lock)
        close(directory)
    }

    /// Others than the owner may list or read the directory: what prompts held can be read from the files.
    package var isOpenToOthers: Bool {
        var status = stat()
        return fstat(directory, &status) == 0 && status.st_mode & 0o077 != 0
    }

    /// The blocks that are there, those used longest ago first. What was not written to its end is removed.
    package func files() throws(CacheDirectoryError) -> [File] {
        var found: [(file: File, used: timespec)] = []
        for fileName in try fileNames() {
            if fileName.hasSuffix(Self.partSuffix), Self.name(fileName.dropLast(Self.partSuffix.count)) != nil {
                unlinkat(directory, fileName, 0)
            }
            var status = stat()
            guard let name = Self.name(fileName[...]),
                fstatat(directory, fileName, &status, AT_SYMLINK_NOFOLLOW) == 0,
                status.st_mode & S_IFMT == S_IFREG
            else { continue }
            found.append((File(name: name, bytes: Int(status.st_size)), status.st_mtim))
        }
        found.sort { ($0.used.tv_sec, $0.used.tv_nsec) < ($1.used.tv_sec, $1.used.tv_nsec) }
        return found.map(\.file)
    }

    /// The secret of this directory's names; drawn when it has none. With another one nothing would be found again.
    package func key() throws(CacheDirectoryError) -> PrefixKey {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: MemoryLayout<PrefixKey>.size, alignment: 8)
        defer { bytes.deallocate() }
        do throws(BlockFileError) { try read(Self.keyName, into: bytes) } catch {
            bytes.storeBytes(of: PrefixKey.random(), as: PrefixKey.self)
            do throws(BlockFileError) { try write(Self.keyName, UnsafeRawBufferPointer(bytes)) } catch {
                throw .system(path: path, operation: "write", code: EIO)
            }
        }
        return bytes.load(as: PrefixKey.self)
    }

    package func write(_ name: PrefixHash, _ bytes: UnsafeRawBufferPointer) throws(BlockFileError) {
        try write(Self.fileName(name), bytes)
    }

    package func read(_ name: PrefixHash, into bytes: UnsafeMutableRawBufferPointer) throws(BlockFileError) {
        try read(Self.fileName(name), into: bytes)
    }

    package func remove(_ name: PrefixHash) { unlinkat(directory, Self.fileName(name), 0) }

    package func touch(_ name: PrefixHash) {
        Self.withTimes { _ = utimensat(directory, Self.fileName(name), $0, 0) }
    }
}

// MARK: - Files

extension CacheDirectory {
    private static let suffix = ".kv"
    private static let partSuffix = ".tmp"
    private static let keyName = "key"

    private static func fileName(_ name: PrefixHash) -> String { name.description + suffix }

    private static func name(_ fileName: Substring) -> PrefixHash? {
        fileName.hasSuffix(suffix) ? PrefixHash(fileName.dropLast(suffix.count)) : nil
    }

    /// Now, as access and modification time. The kernel's own stamps are the same for files of some milliseconds.
    private static func withTimes(_ body: (UnsafePointer<timespec>?) -> Void) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        [now, now].withUnsafeBufferPointer { body($0.baseAddress) }
    }

    private static func error(_ path: String, _ operation: String) -> CacheDirectoryError {
        .system(path: path, operation: operation, code: errno)
    }

    private func write(_ fileName: String, _ bytes: UnsafeRawBufferPointer) throws(BlockFileError) {
        let part = fileName + Self.partSuffix
        do throws(BlockFileError) {
            try fill(part, with: bytes)
            guard renameat(directory, part, directory, fileName) == 0 else { throw BlockFileError("rename") }
        } catch {
            unlinkat(directory, part, 0)
            throw error
        }
    }

    private func fill(_ part: String, with bytes: UnsafeRawBufferPointer) throws(BlockFileError) {
        let file = openat(directory, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw BlockFileError("create") }
        do throws(BlockFileError) { try PlainFile(descriptor: file).put(bytes) } catch {
            close(file)
            throw error
        }
        Self.withTimes { _ = futimens(file, $0) }
        // Some file systems tell only now that they were full.
        guard close(file) == 0 else { throw BlockFileError("close") }
    }

    private func read(_ fileName: String, into bytes: UnsafeMutableRawBufferPointer) throws(BlockFileError) {
        let file = openat(directory, fileName, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { throw BlockFileError("open") }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw BlockFileError("stat") }
        guard status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) == bytes.count else { throw .wrongLength }
        try PlainFile(descriptor: file).get(bytes)
    }

    private func fileNames() throws(CacheDirectoryError) -> [String] {
        let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let list = fdopendir(copy) else { throw Self.error(path, "list") }
        defer { closedir(list) }
        var names: [String] = []
        while let entry = readdir(list) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names
    }
}

import Glibc

/// The folder where files, batches and responses outlive the process; held by one process at a time.
///
/// `state.sqlite` has the tables of files and batches, `files/` the bytes of files under their ids, `responses.sqlite` the
/// responses, `lock` is locked while the folder is in use. Nothing that a client says becomes part of a path.
package final class StateFolder: Sendable {
    package let path: String
    package let files: FileStore
    package let batches: BatchStore
    private let lock: FolderLock

    /// Makes the folder, for this user alone, if it is not there, and puts in order what a kill left behind.
    ///
    /// - Parameter quota: most bytes of one owner's uploaded files.
    package init(path: String, quota: Int) throws(StateError) {
        self.path = path
        // A file above a limit of the process is an error like a full disk, not its end.
        signal(SIGXFSZ, SIG_IGN)
        try Self.make(path)
        lock = try FolderLock(path)
        try Self.make(path + "/files")
        let database = try StateDatabase(path: path + "/state.sqlite", tables: BatchTables.migrator)
        files = FileStore(database: database, folder: path + "/files", quota: quota)
        batches = BatchStore(database: database)
    }

    /// Opens the archive of responses, which must not outlive this.
    package func responses(_ limits: ResponseArchive.Limits) throws(StateError) -> ResponseArchive {
        try ResponseArchive(path: path + "/responses.sqlite", limits)
    }

    private static func make(_ path: String) throws(StateError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .system("make \(path)") }
    }
}

/// Holds a folder for this process until the last reference goes.
private final class FolderLock: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws(StateError) {
        descriptor = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system("write in \(path)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error = errno == EWOULDBLOCK ? StateError.inUse(path: path) : .system("lock \(path)")
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }
}

import Glibc

/// The file of a Unix socket. The system makes it and leaves it behind; nothing can listen there until it is gone.
struct SocketFile: Sendable {
    let path: String
    let mode: UInt32
    /// Which file it is, so that the one of a later server is not taken for ours.
    private var identity: Identity?

    private struct Identity: Equatable {
        let device: UInt
        let number: UInt
    }

    init(path: String, mode: UInt32) { (self.path, self.mode) = (path, mode) }

    /// With its permissions set, once it is there.
    func restricted() throws(TransportError) -> SocketFile {
        guard chmod(path, mode_t(truncatingIfNeeded: mode)) == 0 else { throw .system(call: "chmod", errno: errno) }
        var file = self
        file.identity = Self.identity(of: path)
        return file
    }

    func remove() {
        if let identity, Self.identity(of: path) == identity { unlink(path) }
    }

    /// Removes the socket of a server that has died. One that is listened on stays, as does what is no socket: `bind`
    /// then says that the address is in use.
    static func removeStale(at path: String) throws(TransportError) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK,
            let address = SocketAddress(unixPath: path)
        else { return }
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw .system(call: "socket", errno: errno) }
        defer { Glibc.close(number) }
        if address.withPointer({ connect(number, $0, $1) }) != 0, errno == ECONNREFUSED { unlink(path) }
    }

    private static func identity(of path: String) -> Identity? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        return Identity(device: UInt(status.st_dev), number: UInt(status.st_ino))
    }
}

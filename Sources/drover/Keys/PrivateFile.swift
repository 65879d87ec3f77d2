import Foundation

/// A file that others must not have: API keys, the private key of a certificate.
struct PrivateFile {
    let path: String
    /// For messages: `key file`.
    let kind: String

    /// All of it, if it belongs to root or this user and is closed to others.
    func read(limit: Int) throws(PrivateFileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw error(.system(errno: errno)) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try check(descriptor)
        guard let data = try? handle.read(upToCount: limit) ?? Data() else { throw error(.system(errno: EIO)) }
        guard data.count < limit else { throw error(.wrong("it has more than \(limit) bytes")) }
        return Array(data)
    }

    /// The mode of the file that was opened, not of what stands under its name by now. Its group may read it where it is
    /// root's, as systemd's credentials are.
    func check(_ descriptor: Int32) throws(PrivateFileError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw error(.system(errno: errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw error(.wrong("it is not a regular file")) }
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            throw error(.exposed("it belongs to another user"))
        }
        let others: mode_t = status.st_uid == 0 ? 0o027 : 0o077
        guard status.st_mode & others == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw error(.exposed("others have access to it (mode \(mode)); chmod 600 it"))
        }
    }

    private func error(_ problem: PrivateFileError.Problem) -> PrivateFileError {
        PrivateFileError(path: path, kind: kind, problem: problem)
    }
}

struct PrivateFileError: Error, CustomStringConvertible {
    enum Problem {
        case system(errno: Int32)
        case exposed(String)
        case wrong(String)
    }

    let path: String
    let kind: String
    let problem: Problem

    var description: String {
        switch problem {
        case .system(let number): "The \(kind) \(path) cannot be used: \(String(cString: strerror(number)))."
        case .exposed(let reason): "The \(kind) \(path) is refused: \(reason)."
        case .wrong(let reason): "The \(kind) \(path) is wrong: \(reason)."
        }
    }
}

import GRDB
import Glibc

/// Why something could not be kept, or found again.
package enum StateError: Error, Equatable, CustomStringConvertible {
    /// The system's `errno` for what was tried with a file.
    case disk(String, code: Int32)
    /// SQLite's result code and words.
    case database(code: Int32, String)
    /// Another process has the folder.
    case inUse(path: String)
    /// The files of this owner would have more bytes together.
    case quota(limit: Int)

    /// What another try may get past: a full disk is emptied, a network disk comes back.
    package var isFull: Bool {
        switch self {
        case .disk(_, let code): code == ENOSPC || code == EDQUOT || code == EFBIG
        case .database(let code, _): code == ResultCode.SQLITE_FULL.rawValue
        case .inUse, .quota: false
        }
    }

    package var description: String {
        switch self {
        case .disk(let what, let code): "cannot \(what): \(String(cString: strerror(code)))"
        case .database(_, let message): "the database of files and batches failed: \(message)"
        case .inUse(let path): "the state folder \(path) is in use by another process"
        case .quota(let limit): "the files would take more than \(limit) bytes"
        }
    }

    static func system(_ what: String) -> StateError { .disk(what, code: errno) }

    /// Errors of this target as they are, SQLite's in our words; others do not come up.
    init(_ error: any Error) {
        switch error {
        case let error as StateError: self = error
        case let error as DatabaseError:
            self = .database(code: error.resultCode.rawValue, error.message ?? "code \(error.resultCode)")
        default: self = .database(code: 0, "\(error)")
        }
    }
}

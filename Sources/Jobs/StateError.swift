import GRDB
import Glibc

/// Why something could not be kept, or found again.
package enum StateError: Error, Equatable, CustomStringConvertible {
    /// The system's `errno` for what was tried with a file.
    case disk(String, code: Int32)
    /// SQLite's result code and words about the database of that path.
    case database(path: String, code: Int32, String)
    /// A later version made these tables in the database.
    case newer(path: String, tables: String)
    /// Another program made the database.
    case foreign(path: String, table: String)
    /// Another process has the folder.
    case inUse(path: String)
    /// The files of this owner would have more bytes together.
    case quota(limit: Int)

    /// What another try may get past: a full disk is emptied, a network disk comes back.
    package var isFull: Bool {
        switch self {
        case .disk(_, let code): code == ENOSPC || code == EDQUOT || code == EFBIG
        case .database(_, let code, _): code == ResultCode.SQLITE_FULL.rawValue
        case .newer, .foreign, .inUse, .quota: false
        }
    }

    package var description: String {
        switch self {
        case .disk(let what, let code): "cannot \(what): \(String(cString: strerror(code)))"
        case .database(let path, let code, let message):
            "the database \(path) failed: \(message)" + (Self.isDamage(code) ? "; move it away to begin anew" : "")
        case .newer(let path, let tables):
            "the database \(path) is of a newer version of this program, which added '\(tables)'"
        case .foreign(let path, let table):
            "the database \(path) is of another program: it has '\(table)'; move it away to begin anew"
        case .inUse(let path): "the state folder \(path) is in use by another process"
        case .quota(let limit): "the files would take more than \(limit) bytes"
        }
    }

    private static func isDamage(_ code: Int32) -> Bool {
        code == ResultCode.SQLITE_NOTADB.rawValue || code == ResultCode.SQLITE_CORRUPT.rawValue
    }

    static func system(_ what: String) -> StateError { .disk(what, code: errno) }

    /// Errors of this target as they are, SQLite's in our words; others do not come up.
    ///
    /// - Parameter path: of the database that was being used.
    init(_ error: any Error, in path: String) {
        switch error {
        case let error as StateError: self = error
        case let error as DatabaseError:
            self = .database(
                path: path, code: error.resultCode.rawValue, error.message ?? "code \(error.resultCode)")
        default: self = .database(path: path, code: 0, "\(error)")
        }
    }
}

import Model

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Why a block's file could not be read or written.
package enum BlockFileError: Error, Equatable {
    case missing
    /// It is not as long as it must be, or not a plain file.
    case wrongLength
    /// What is in it is not what was written for this name.
    case damaged(String)
    case system(operation: String, code: Int32)

    init(_ operation: String) {
        let code = errno
        self = code == ENOENT && operation == "open" ? .missing : .system(operation: operation, code: code)
    }
}

extension BlockFileError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missing: "the file has gone"
        case .wrongLength: "the file has a wrong length"
        case .damaged(let part): "the file is damaged: \(part)"
        case .system(let operation, let code): "\(operation): \(SystemMessage(code))"
        }
    }
}

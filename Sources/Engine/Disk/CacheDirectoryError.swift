import Model

/// Why a directory cannot hold the prefix cache.
package enum CacheDirectoryError: Error, Equatable {
    /// Another process keeps its blocks there.
    case inUse(path: String)
    case system(path: String, operation: String, code: Int32)
    /// Fewer bytes than one block's file has.
    case limitTooSmall(bytes: Int, fileBytes: Int)
}

extension CacheDirectoryError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .inUse(let path): "the cache directory \(path) is in use by another server"
        case .system(let path, let operation, let code):
            "the cache directory \(path) cannot be used: \(operation): \(SystemMessage(code))"
        case .limitTooSmall(let bytes, let fileBytes):
            "\(bytes) bytes on disk do not hold one block of the prefix cache (\(fileBytes) bytes)"
        }
    }
}

/// Why a model was refused: which file, where in it, which rule, and what was found.
package enum CheckpointError: Error, Equatable {
    /// Where in a file something was wrong.
    package struct Place: Sendable, Equatable {
        /// Path, or the name of a model in memory.
        package let file: String
        /// Byte at which the reader stood; nil where the fault is not at one byte.
        package let offset: Int?
        /// What was being read: a header field, a metadata key, a tensor, a member of a JSON document.
        package let field: String

        package init(file: String, offset: Int?, field: String) {
            self.file = file
            self.offset = offset
            self.field = field
        }
    }

    /// The system refused: open, stat, read. `code` is an errno.
    case system(file: String, operation: String, code: Int32)
    /// Not something a model is read from: a directory, a pipe, a device.
    case notRegularFile(file: String, kind: String)
    /// The bytes end before the thing they announce.
    case truncated(Place, needed: UInt64, left: UInt64)
    /// A number beyond a bound.
    case outOfRange(Place, allowed: ClosedRange<UInt64>, got: UInt64)
    /// Bytes that break the rules of their format.
    case malformed(Place, reason: String)
    /// Well formed, but of a kind that this program does not run.
    case unsupported(Place, got: String, supported: String)
    /// Something that must be there is not.
    case missing(file: String, what: String, names: [String])
}

extension CheckpointError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .system(let file, let operation, let code): "\(file): cannot \(operation): \(SystemMessage(code))"
        case .notRegularFile(let file, let kind): "\(file): is \(kind), not a regular file"
        case .truncated(let place, let needed, let left):
            "\(place): needs \(needed) bytes, \(left) are left in the file"
        case .outOfRange(let place, let allowed, let got):
            "\(place): is \(got), allowed is \(allowed.lowerBound) to \(allowed.upperBound)"
        case .malformed(let place, let reason): "\(place): \(reason)"
        case .unsupported(let place, let got, let supported):
            "\(place): \(got) is not supported; supported: \(supported)"
        case .missing(let file, let what, let names): "\(file): missing \(what): \(Self.list(names))"
        }
    }

    /// The first few of them; a list from a broken file may be long.
    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(8).joined(separator: ", ")
        return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
    }
}

extension CheckpointError.Place: CustomStringConvertible {
    package var description: String {
        if let offset { "\(file): \(field) at byte \(offset)" } else { "\(file): \(field)" }
    }
}

/// Why a body is not multipart/form-data.
package enum MultipartError: Error, Equatable, CustomStringConvertible {
    /// Breaks the grammar; the rule that it breaks.
    case malformed(String)
    case tooManyParts(limit: Int)
    case headersTooLong(limit: Int)

    package var description: String {
        switch self {
        case .malformed(let rule): "The multipart body is malformed: \(rule)."
        case .tooManyParts(let limit): "The multipart body has more than \(limit) parts."
        case .headersTooLong(let limit): "The headers of a part are longer than \(limit) bytes."
        }
    }
}

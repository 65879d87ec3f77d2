/// Why a tokenizer was refused. `field` is the metadata key or the JSON path, as the file spells it.
package enum VocabularyError: Error, Equatable, CustomStringConvertible {
    case unreadable(field: String, reason: String)
    case unsupported(field: String, got: String, supported: [String])
    case missing(field: String)
    case invalid(field: String, reason: String)
    case tooLarge(field: String, limit: Int, got: Int)
    case lengthMismatch(field: String, expected: Int, got: Int)
    case duplicateToken(field: String, first: Int, second: Int)
    case unknownToken(field: String)
    case idOutsideVocabulary(field: String, id: Int, count: Int)
    case missingByte(UInt8)

    package var description: String {
        switch self {
        case .unreadable(let field, let reason): "\(field): \(reason)"
        case .unsupported(let field, let got, let supported):
            "\(field): \(got) is not supported; supported: \(supported.joined(separator: ", "))"
        case .missing(let field): "\(field) is missing"
        case .invalid(let field, let reason): "\(field): \(reason)"
        case .tooLarge(let field, let limit, let got): "\(field): \(got) is more than the limit of \(limit)"
        case .lengthMismatch(let field, let expected, let got): "\(field): \(got) entries for \(expected) tokens"
        case .duplicateToken(let field, let first, let second): "\(field): tokens \(first) and \(second) are equal"
        case .unknownToken(let field): "\(field) names a token that is not in the vocabulary"
        case .idOutsideVocabulary(let field, let id, let count): "\(field): \(id) is outside 0..<\(count)"
        case .missingByte(let byte): "no token for the single byte \(byte)"
        }
    }
}

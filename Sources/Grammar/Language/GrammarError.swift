/// Why a grammar, pattern or schema was refused.
package enum GrammarError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Not well-formed; the byte where the reader stood.
    case syntax(offset: Int, reason: String)
    /// A schema that is not one: where (a JSON pointer) and why.
    case invalidSchema(pointer: String, reason: String)
    /// A keyword of JSON Schema that is not enforced.
    case unsupportedKeyword(String, pointer: String)
    /// Larger than the budget allows.
    case tooComplex(String)
    /// A rule that begins with itself.
    case leftRecursion(rule: String)
    /// No text satisfies it.
    case unsatisfiable

    package var description: String {
        switch self {
        case .syntax(let offset, let reason): "\(reason) at byte \(offset)"
        case .invalidSchema(let pointer, let reason): "\(reason) at \(Self.place(pointer))"
        case .unsupportedKeyword(let keyword, let pointer):
            "the keyword '\(keyword)' at \(Self.place(pointer)) is not supported"
        case .tooComplex(let what): "too complex: \(what)"
        case .leftRecursion(let rule): "the rule \(rule) begins with itself"
        case .unsatisfiable: "no text satisfies it"
        }
    }

    private static func place(_ pointer: String) -> String {
        pointer.isEmpty ? "the top of the schema" : "'\(pointer.prefix(200))'"
    }
}

/// Why a template was refused or gave no prompt.
package enum TemplateError: Error, Equatable, CustomStringConvertible {
    /// The template's own text is wrong or uses what is not there (a filter, a tag).
    case syntax(line: Int, reason: String)
    /// The template refused the conversation by `raise_exception`; at most 512 bytes.
    case raised(message: String)
    /// The conversation led the template into an error, in Python's words where Python has them.
    case failed(line: Int, reason: String)
    /// A budget is spent.
    case limit(line: Int, name: String, limit: Int)

    /// What to tell a client, without the place in the template.
    package var message: String {
        switch self {
        case .syntax(_, let reason), .failed(_, let reason): reason
        case .raised(let message): message
        case .limit(_, let name, let limit): "the chat template needs more than \(limit) \(name)"
        }
    }

    package var description: String {
        switch self {
        case .syntax(let line, let reason): "line \(line): \(reason)"
        case .raised(let message): message
        case .failed(let line, _), .limit(let line, _, _): "line \(line): \(message)"
        }
    }
}

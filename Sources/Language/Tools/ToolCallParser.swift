package import JSON

/// Finds Llama 3.1's JSON tool calls in an answer: the whole text is `{"name": …, "parameters": {…}}`, or several of
/// those with `;`, commas or white space between, perhaps behind `<|python_tag|>`.
///
/// Only calls of tools that the request offered count; any other text, JSON or not, stays text.
package struct ToolCallParser: Sendable {
    package struct Call: Sendable, Equatable {
        package let name: String
        package let arguments: JSONObject
    }

    /// What an answer that is still being written can become.
    package enum Prospect: Sendable {
        case undecided
        case text
    }

    private static let pythonTag = Array("<|python_tag|>".utf8)
    private static let callLimit = 128

    private let names: Set<[UInt8]>

    package init(tools names: some Sequence<String>) {
        self.names = Set(names.map { Array($0.utf8) })
    }

    /// The calls of a finished answer, nil where it is text.
    package func calls(in text: String) -> [Call]? {
        var rest = withoutTag(Array(text.utf8)[...])
        var calls: [Call] = []
        while !rest.isEmpty {
            guard calls.count < Self.callLimit, let end = endOfObject(rest), let call = call(in: rest[..<end]) else {
                return nil
            }
            calls.append(call)
            rest = rest[end...].drop { Self.isSpace($0) || $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: ",") }
        }
        return calls.isEmpty ? nil : calls
    }

    /// Whether a stream has to be held back: so far the text could still become a call.
    ///
    /// Decided by the first letters: the tag, then `{` and one of the three member names of a call.
    package func prospect(of text: String) -> Prospect {
        guard !names.isEmpty else { return .text }
        let trimmed = Array(text.utf8)[...].drop(while: Self.isSpace)
        if trimmed.count < Self.pythonTag.count, Self.pythonTag.starts(with: trimmed) { return .undecided }
        var rest = withoutTag(trimmed)
        guard let first = rest.popFirst() else { return .undecided }
        guard first == UInt8(ascii: "{") else { return .text }
        rest = rest.drop(while: Self.isSpace)
        let openings = ["\"name\"", "\"type\"", "\"parameters\""].map { Array($0.utf8) }
        let isOpen = openings.contains { $0.starts(with: rest) || rest.starts(with: $0) }
        return isOpen ? .undecided : .text
    }

    private func withoutTag(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let trimmed = text.drop(while: Self.isSpace)
        return (trimmed.starts(with: Self.pythonTag) ? trimmed.dropFirst(Self.pythonTag.count) : trimmed)
            .drop(while: Self.isSpace)
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    /// Position behind the object that starts here: where its last bracket closes, strings passed over.
    private func endOfObject(_ text: ArraySlice<UInt8>) -> Int? {
        guard text.first == UInt8(ascii: "{") else { return nil }
        var depth = 0
        var isString = false
        var isEscape = false
        for (position, byte) in zip(text.indices, text) {
            if isString {
                if isEscape {
                    isEscape = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscape = true
                } else if byte == UInt8(ascii: "\"") {
                    isString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { return position + 1 }
            default: break
            }
        }
        return nil
    }

    /// Exactly a name and parameters, which some models call arguments, and the type "function".
    private func call(in text: ArraySlice<UInt8>) -> Call? {
        guard let object = (try? JSONValue(parsing: Array(text), limits: JSONLimits(depth: 64)))?.object,
            let name = object["name"]?.string, names.contains(Array(name.utf8)),
            let arguments = (object["parameters"] ?? object["arguments"])?.object,
            object["type"] == nil || object["type"] == "function",
            object.members.allSatisfy({ ["name", "type", "parameters", "arguments"].contains($0.name) })
        else { return nil }
        return Call(name: name, arguments: arguments)
    }
}

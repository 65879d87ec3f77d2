import JSON

/// One message in Anthropic's words. It may be several in OpenAI's: each result of a tool is a message there.
struct MessageBlocks {
    private let isAssistant: Bool
    private var texts: [String] = []
    private var calls: [ToolCall] = []
    private var results: [ChatMessage] = []

    init(_ value: JSONValue, path: String) throws(APIError) {
        var reader = try FieldReader(value, path: path)
        let role = try reader.string("role")
        guard role == "user" || role == "assistant" else {
            throw .invalid(path + ".role", "'\(path).role' must be user or assistant.")
        }
        isAssistant = role == "assistant"
        guard let content = reader.value("content") else {
            throw .invalid(path + ".content", "'\(path).content' is required.")
        }
        try reader.finish()
        if let text = content.string {
            texts = [text]
            return
        }
        guard let blocks = content.array, !blocks.isEmpty else {
            throw .invalid(
                path + ".content", "'\(path).content' must be a string or a non-empty array, got \(content.kind).")
        }
        for (index, block) in blocks.enumerated() { try read(block, path: "\(path).content[\(index)]") }
    }

    private mutating func read(_ value: JSONValue, path: String) throws(APIError) {
        var reader = try FieldReader(value, path: path)
        reader.ignore(["cache_control", "citations", "caller"])
        switch (try reader.string("type"), isAssistant) {
        case ("text", _):
            guard let text = try reader.string("text") else {
                throw .invalid(path + ".text", "'\(path).text' is required.")
            }
            texts.append(text)
        case ("tool_use", true):
            guard let id = try reader.string("id"), let name = try reader.string("name"),
                let input = reader.value("input"), input.object != nil
            else { throw .invalid(path, "'\(path)' needs 'id', 'name' and an object 'input'.") }
            calls.append(
                ToolCall(id: id, name: name, arguments: String(decoding: input.serialized, as: UTF8.self)))
        case ("tool_result", false):
            guard let id = try reader.string("tool_use_id") else {
                throw .invalid(path + ".tool_use_id", "'\(path).tool_use_id' is required.")
            }
            // The model reads in the text whether it went wrong.
            _ = try reader.bool("is_error")
            let text = try reader.value("content").map { value throws(APIError) in
                try Self.text(value, path: path + ".content")
            }
            results.append(ChatMessage(role: .tool, content: text ?? "", toolCallID: id))
        // Of other models: the template has no place for them.
        case ("thinking", true), ("redacted_thinking", true): return
        default:
            throw .invalid(
                path + ".type", "'\(path).type' must be text, tool_use or tool_result: there are text models only.")
        }
        try reader.finish()
    }

    /// A text, or blocks of text joined by a line feed.
    static func text(_ value: JSONValue, path: String) throws(APIError) -> String {
        if let text = value.string { return text }
        guard let blocks = value.array else {
            throw .invalid(path, "'\(path)' must be a string or an array of text blocks, got \(value.kind).")
        }
        var texts: [String] = []
        for (index, block) in blocks.enumerated() {
            var reader = try FieldReader(block, path: "\(path)[\(index)]")
            guard try reader.string("type") == "text", let text = try reader.string("text") else {
                throw .invalid("\(path)[\(index)]", "'\(path)[\(index)]' must be a text block.")
            }
            reader.ignore(["cache_control", "citations"])
            try reader.finish()
            texts.append(text)
        }
        return texts.joined(separator: "\n")
    }

    var messages: [ChatMessage] {
        let text = texts.isEmpty ? nil : texts.joined(separator: "\n")
        if isAssistant {
            return [ChatMessage(role: .assistant, content: calls.isEmpty ? text ?? "" : text, toolCalls: calls)]
        }
        return results + (text.map { [ChatMessage(role: .user, content: $0)] } ?? [])
    }
}

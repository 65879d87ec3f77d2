import JSON

/// The `input` of a response: a text, or items that are messages, calls of functions and what these returned.
struct ResponseInput {
    private(set) var messages: [ChatMessage] = []
    private(set) var items: [JSONValue] = []

    private static let itemsLimit = 10_000

    init(_ reader: inout FieldReader) throws(APIError) {
        guard let value = reader.value("input") else { throw .invalid("input", "'input' is required.") }
        if let text = value.string {
            add(ChatMessage(role: .user, content: text))
            return
        }
        guard let values = value.array else { throw reader.wrongType("input", "a string or an array", value) }
        guard (1...Self.itemsLimit).contains(values.count) else {
            throw .invalid("input", "'input' must have 1 to \(Self.itemsLimit) items, got \(values.count).")
        }
        self = try ResponseInput(items: values)
    }

    /// Of items, those of a stored response too.
    init(items: [JSONValue]) throws(APIError) {
        for (index, value) in items.enumerated() { try read(value, path: "input[\(index)]") }
    }

    private mutating func read(_ value: JSONValue, path: String) throws(APIError) {
        var reader = try FieldReader(value, path: path)
        reader.ignore(["id", "status"])
        switch try reader.string("type") ?? "message" {
        case "message": try readMessage(&reader)
        case "function_call": try readCall(&reader)
        case "function_call_output": try readOutput(&reader)
        // Of other models; this one has none, so there is nothing to go on from.
        case "reasoning": items.append(value)
        case let type:
            throw .unsupported(path + ".type", "'\(path).type' is an item not supported here: '\(type.prefix(40))'.")
        }
    }

    private mutating func readMessage(_ reader: inout FieldReader) throws(APIError) {
        let word = try reader.string("role")
        guard let role = word.flatMap(ChatMessage.Role.init), role != .tool else {
            throw .invalid(
                reader.name("role"), "'\(reader.name("role"))' must be user, assistant, system or developer.")
        }
        let content = try Self.text(&reader, "content")
        reader.ignore(["phase"])
        try reader.finish()
        add(ChatMessage(role: role, content: content))
    }

    private mutating func add(_ message: ChatMessage) {
        messages.append(message)
        let type = message.role == .assistant ? "output_text" : "input_text"
        var part: JSONObject = ["type": .string(type), "text": .string(message.content ?? "")]
        if message.role == .assistant { part["annotations"] = [] }
        items.append([
            "type": "message", "id": .string("msg_\(items.count)"), "role": .string(message.role.rawValue),
            "status": "completed", "content": [.object(part)],
        ])
    }

    /// Calls in a row are those of one message.
    private mutating func readCall(_ reader: inout FieldReader) throws(APIError) {
        guard let id = try reader.string("call_id"), let name = try reader.string("name"),
            let arguments = try reader.string("arguments")
        else { throw .invalid(reader.name("call_id"), "A function call needs 'call_id', 'name' and 'arguments'.") }
        reader.ignore(["namespace", "caller"])
        try reader.finish()
        let call = ToolCall(id: id, name: name, arguments: arguments)
        if let last = messages.last, last.role == .assistant, !last.toolCalls.isEmpty {
            messages[messages.count - 1] = ChatMessage(role: .assistant, toolCalls: last.toolCalls + [call])
        } else {
            messages.append(ChatMessage(role: .assistant, toolCalls: [call]))
        }
        items.append(call.item(id: "fc_\(items.count)", arguments: arguments, status: "completed"))
    }

    private mutating func readOutput(_ reader: inout FieldReader) throws(APIError) {
        guard let id = try reader.string("call_id") else {
            throw .invalid(reader.name("call_id"), "'\(reader.name("call_id"))' is required.")
        }
        let output = try Self.text(&reader, "output")
        try reader.finish()
        messages.append(ChatMessage(role: .tool, content: output, toolCallID: id))
        items.append([
            "type": "function_call_output", "id": .string("fco_\(items.count)"), "call_id": .string(id),
            "output": .string(output), "status": "completed",
        ])
    }

    /// A text, or parts of text joined by a line feed.
    private static func text(_ reader: inout FieldReader, _ field: String) throws(APIError) -> String {
        let name = reader.name(field)
        guard let value = reader.value(field) else { throw .invalid(name, "'\(name)' is required.") }
        if let text = value.string { return text }
        guard let parts = value.array, !parts.isEmpty else {
            throw .invalid(name, "'\(name)' must be a string or a non-empty array of text parts, got \(value.kind).")
        }
        var texts: [String] = []
        for (index, part) in parts.enumerated() {
            var reader = try FieldReader(part, path: "\(name)[\(index)]")
            guard let type = try reader.string("type"), ["input_text", "output_text", "text"].contains(type),
                let text = try reader.string("text")
            else {
                throw .invalid(
                    reader.name("type"), "'\(name)[\(index)]' must be text: this server has text models only.")
            }
            reader.ignore(["annotations", "logprobs"])
            try reader.finish()
            texts.append(text)
        }
        return texts.joined(separator: "\n")
    }
}

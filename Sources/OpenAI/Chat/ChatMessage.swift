import JSON

/// One message of a conversation, checked.
package struct ChatMessage: Sendable, Equatable {
    package enum Role: String, Sendable {
        case system, user, assistant, tool
        /// OpenAI's newer word for system.
        case developer
    }

    package let role: Role
    /// Text parts joined by a line feed; nil only for an assistant that called tools.
    package let content: String?
    package let name: String?
    package let toolCalls: [ToolCall]
    /// For a tool's answer: the call that it answers.
    package let toolCallID: String?

    package init(
        role: Role, content: String? = nil, toolCalls: [ToolCall] = [], toolCallID: String? = nil
    ) {
        self.role = role
        self.content = content
        name = nil
        self.toolCalls = toolCalls
        self.toolCallID = toolCallID
    }

    init(_ value: JSONValue, path: String) throws(APIError) {
        var reader = try FieldReader(value, path: path)
        guard let word = try reader.string("role") else {
            throw .invalid(path + ".role", "'\(path).role' is required.")
        }
        guard let role = Role(rawValue: word) else {
            throw .invalid(
                path + ".role",
                "'\(path).role' must be system, developer, user, assistant or tool, got '\(word.prefix(40))'.")
        }
        self.role = role
        toolCalls = try Self.toolCalls(&reader, role: role)
        content = try Self.content(&reader, isOptional: role == .assistant && !toolCalls.isEmpty)
        name = try reader.string("name")
        toolCallID = try Self.toolCallID(&reader, role: role)
        // What an assistant's answer carries besides; clients send it back as it came.
        if role == .assistant {
            reader.ignore(["refusal", "annotations", "audio", "reasoning_content", "function_call"])
        }
        try reader.finish()
    }

    private static func content(_ reader: inout FieldReader, isOptional: Bool) throws(APIError) -> String? {
        guard let value = reader.value("content") else {
            guard isOptional else { throw .invalid(reader.name("content"), "'\(reader.name("content"))' is required.") }
            return nil
        }
        if let string = value.string { return string }
        guard let parts = value.array, !parts.isEmpty else {
            throw .invalid(
                reader.name("content"),
                "'\(reader.name("content"))' must be a string or a non-empty array of text parts, got \(value.kind).")
        }
        var texts: [String] = []
        for (index, part) in parts.enumerated() {
            texts.append(try text(of: part, path: "\(reader.name("content"))[\(index)]"))
        }
        return texts.joined(separator: "\n")
    }

    private static func text(of part: JSONValue, path: String) throws(APIError) -> String {
        var reader = try FieldReader(part, path: path)
        let type = try reader.string("type")
        guard type == "text" else {
            throw .invalid(
                path + ".type",
                "'\(path).type' must be 'text': this server has text models only, got '\((type ?? "null").prefix(40))'."
            )
        }
        guard let text = try reader.string("text") else {
            throw .invalid(path + ".text", "'\(path).text' is required.")
        }
        try reader.finish()
        return text
    }

    private static func toolCalls(_ reader: inout FieldReader, role: Role) throws(APIError) -> [ToolCall] {
        guard let values = try reader.array("tool_calls"), !values.isEmpty else { return [] }
        guard role == .assistant else {
            throw .invalid(reader.name("tool_calls"), "Only an assistant message may have 'tool_calls'.")
        }
        var calls: [ToolCall] = []
        for (index, value) in values.enumerated() {
            calls.append(try ToolCall(value, path: "\(reader.name("tool_calls"))[\(index)]"))
        }
        return calls
    }

    private static func toolCallID(_ reader: inout FieldReader, role: Role) throws(APIError) -> String? {
        let id = try reader.string("tool_call_id")
        guard (id != nil) == (role == .tool) else {
            let name = reader.name("tool_call_id")
            throw .invalid(name, role == .tool ? "'\(name)' is required." : "'\(name)' is only for role 'tool'.")
        }
        return id
    }
}

extension ChatMessage {
    /// Reads the conversation, and checks that each tool answer follows a call of that id.
    static func list(_ values: [JSONValue]) throws(APIError) -> [ChatMessage] {
        var messages: [ChatMessage] = []
        var callIDs: Set<String> = []
        for (index, value) in values.enumerated() {
            let path = "messages[\(index)]"
            let message = try ChatMessage(value, path: path)
            for (position, call) in message.toolCalls.enumerated() where !callIDs.insert(call.id).inserted {
                let name = "\(path).tool_calls[\(position)].id"
                throw .invalid(name, "'\(name)' repeats the id of an earlier call.")
            }
            if let id = message.toolCallID, !callIDs.contains(id) {
                throw .invalid("\(path).tool_call_id", "No earlier assistant message has a tool call with this id.")
            }
            messages.append(message)
        }
        return messages
    }

    /// Checks that each tool answer follows a call of that id, in a conversation that did not come as `messages`.
    package static func checkToolAnswers(_ messages: [ChatMessage], param: String) throws(APIError) {
        var callIDs: Set<String> = []
        for message in messages {
            callIDs.formUnion(message.toolCalls.map(\.id))
            if let id = message.toolCallID, !callIDs.contains(id) {
                throw .invalid(param, "No earlier item is a call with the id '\(id.prefix(100))' of a tool's answer.")
            }
        }
    }
}

package import JSON

/// A conversation to be continued, and what is known about it.
package struct Prompt: Sendable, Equatable {
    /// OpenAI's messages.
    package let messages: [JSONValue]
    /// OpenAI's tools; nil without.
    package let tools: JSONValue?
    /// The values of a matrix, or what else stands on its line: verifiers get them, records keep them.
    package let fields: JSONObject
    /// Of all of it: the same prompt has the same key wherever it stands.
    package let key: ContentHash

    package init(messages: [JSONValue], tools: JSONValue? = nil, fields: JSONObject = [:]) {
        self.messages = messages
        self.tools = tools
        self.fields = fields
        key = ContentHash(["messages": .array(messages), "tools": tools ?? .null, "fields": .object(fields)])
    }

    package init(text: String, system: String? = nil, tools: JSONValue? = nil, fields: JSONObject = [:]) {
        var messages: [JSONValue] = []
        if let system { messages.append(["role": "system", "content": .string(system)]) }
        messages.append(["role": "user", "content": .string(text)])
        self.init(messages: messages, tools: tools, fields: fields)
    }

    /// What the last user message says.
    package var question: String {
        let asked = messages.last { $0.object?["role"]?.string == "user" }
        return asked?.object?["content"]?.string ?? ""
    }

    /// All that was said, for comparing conversations.
    package var transcript: String {
        messages.compactMap { $0.object?["content"]?.string }.joined(separator: "\n")
    }
}

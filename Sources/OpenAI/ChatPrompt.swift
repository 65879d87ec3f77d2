package import JSON

/// A conversation as a client gives it: what the chat template makes a prompt of.
package struct ChatPrompt: Sendable {
    package internal(set) var messages: [ChatMessage]
    /// What the prompt tells the model of.
    package internal(set) var tools: [ToolDefinition]
    package let addsGenerationPrompt: Bool
    /// More variables for the chat template.
    package let templateArguments: JSONObject

    package init(messages: [ChatMessage], tools: [ToolDefinition]) {
        self.messages = messages
        self.tools = tools
        addsGenerationPrompt = true
        templateArguments = JSONObject()
    }

    init(_ reader: inout FieldReader) throws(APIError) {
        guard let values = try reader.array("messages") else { throw .invalid("messages", "'messages' is required.") }
        guard !values.isEmpty else { throw .invalid("messages", "'messages' must not be empty.") }
        messages = try ChatMessage.list(values)
        tools = try ToolDefinition.list(&reader, name: "function.name") { value, path throws(APIError) in
            try ToolDefinition(value, path: path)
        }
        addsGenerationPrompt = try reader.bool("add_generation_prompt") ?? true
        templateArguments = try Self.templateArguments(&reader)
    }

    private static func templateArguments(_ reader: inout FieldReader) throws(APIError) -> JSONObject {
        guard let value = reader.value("chat_template_kwargs") else { return JSONObject() }
        guard let object = value.object else { throw reader.wrongType("chat_template_kwargs", "an object", value) }
        return object
    }
}

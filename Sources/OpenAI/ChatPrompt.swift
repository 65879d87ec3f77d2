package import JSON

/// A conversation as a client gives it: what the chat template makes a prompt of.
package struct ChatPrompt: Sendable {
    package let messages: [ChatMessage]
    /// What the prompt tells the model of.
    package internal(set) var tools: [ToolDefinition]
    package let addsGenerationPrompt: Bool
    /// More variables for the chat template.
    package let templateArguments: JSONObject

    init(_ reader: inout FieldReader) throws(APIError) {
        guard let values = try reader.array("messages") else { throw .invalid("messages", "'messages' is required.") }
        guard !values.isEmpty else { throw .invalid("messages", "'messages' must not be empty.") }
        messages = try ChatMessage.list(values)
        tools = try Self.tools(&reader)
        addsGenerationPrompt = try reader.bool("add_generation_prompt") ?? true
        templateArguments = try Self.templateArguments(&reader)
    }

    private static func tools(_ reader: inout FieldReader) throws(APIError) -> [ToolDefinition] {
        let values = try reader.array("tools") ?? []
        guard values.count <= ToolDefinition.limit else {
            throw .invalid("tools", "'tools' may have at most \(ToolDefinition.limit) entries, got \(values.count).")
        }
        var tools: [ToolDefinition] = []
        for (index, value) in values.enumerated() {
            let tool = try ToolDefinition(value, path: "tools[\(index)]")
            guard !tools.contains(where: { $0.name == tool.name }) else {
                throw .invalid("tools[\(index)].function.name", "Two tools have the name '\(tool.name)'.")
            }
            tools.append(tool)
        }
        return tools
    }

    private static func templateArguments(_ reader: inout FieldReader) throws(APIError) -> JSONObject {
        guard let value = reader.value("chat_template_kwargs") else { return JSONObject() }
        guard let object = value.object else { throw reader.wrongType("chat_template_kwargs", "an object", value) }
        return object
    }
}

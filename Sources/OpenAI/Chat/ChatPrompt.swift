package import JSON

/// A conversation as a client gives it: what the chat template makes a prompt of.
package struct ChatPrompt: Sendable {
    package internal(set) var messages: [ChatMessage]
    /// What the prompt tells the model of.
    package internal(set) var tools: [ToolDefinition]
    package let addsGenerationPrompt: Bool
    /// The answer goes on with the text of the last message.
    package let continuesLastMessage: Bool
    /// More variables for the chat template.
    package let templateArguments: JSONObject

    package init(messages: [ChatMessage], tools: [ToolDefinition]) {
        self.messages = messages
        self.tools = tools
        addsGenerationPrompt = true
        continuesLastMessage = false
        templateArguments = JSONObject()
    }

    init(_ reader: inout FieldReader) throws(APIError) {
        guard let values = try reader.array("messages") else { throw .invalid("messages", "'messages' is required.") }
        guard !values.isEmpty else { throw .invalid("messages", "'messages' must not be empty.") }
        messages = try ChatMessage.list(values)
        tools = try ToolDefinition.list(&reader, name: "function.name") { value, path throws(APIError) in
            try ToolDefinition(value, path: path)
        }
        continuesLastMessage = try Self.continuesLast(&reader, messages)
        addsGenerationPrompt = try reader.bool("add_generation_prompt") ?? !continuesLastMessage
        if continuesLastMessage, addsGenerationPrompt {
            throw .invalid(
                "add_generation_prompt", "'add_generation_prompt' and 'continue_final_message' cannot both be true.")
        }
        templateArguments = try Self.templateArguments(&reader)
    }

    private static func continuesLast(
        _ reader: inout FieldReader, _ messages: [ChatMessage]
    ) throws(APIError) -> Bool {
        guard try reader.bool("continue_final_message") ?? false else { return false }
        guard let last = messages.last, last.role == .assistant, last.content?.isEmpty == false, last.toolCalls.isEmpty
        else {
            throw .invalid(
                "continue_final_message", "'continue_final_message' needs a last message of the assistant with text.")
        }
        return true
    }

    private static func templateArguments(_ reader: inout FieldReader) throws(APIError) -> JSONObject {
        guard let value = reader.value("chat_template_kwargs") else { return JSONObject() }
        guard let object = value.object else { throw reader.wrongType("chat_template_kwargs", "an object", value) }
        return object
    }
}

package import JSON

/// What a client said to POST /v1/chat/completions.
package struct ChatCompletionRequest: Sendable {
    package let messages: [ChatMessage]
    package let sampling: SamplingFields
    /// Empty when the client gave none, or said `tool_choice: "none"`.
    package let tools: [ToolDefinition]
    package let allowsParallelToolCalls: Bool
    package let addsGenerationPrompt: Bool
    /// More variables for the chat template.
    package let templateArguments: JSONObject

    /// Fields of OpenAI's API, and of its peers, that change nothing about an answer of this server.
    package static let harmlessFields: Set<String> = [
        "user", "metadata", "store", "service_tier", "prompt_cache_key", "prompt_cache_options",
        "prompt_cache_retention", "safety_identifier", "cache_prompt", "verbosity", "reasoning_effort",
    ]

    package init(_ body: JSONValue) throws(APIError) {
        var reader = try FieldReader(body)
        guard let values = try reader.array("messages") else { throw .invalid("messages", "'messages' is required.") }
        guard !values.isEmpty else { throw .invalid("messages", "'messages' must not be empty.") }
        messages = try ChatMessage.list(values)
        let newer = try reader.integer("max_completion_tokens", in: 1...Int64.max)
        let older = try reader.integer("max_tokens", in: 1...Int64.max)
        sampling = try SamplingFields(&reader, maxTokens: newer ?? older)
        tools = try Self.tools(&reader)
        allowsParallelToolCalls = try reader.bool("parallel_tool_calls") ?? true
        addsGenerationPrompt = try reader.bool("add_generation_prompt") ?? true
        templateArguments = try Self.templateArguments(&reader)
        try Self.refuseUnsupported(&reader)
        reader.ignore(Self.harmlessFields)
        try reader.finish()
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
        switch reader.value("tool_choice") {
        case nil, "auto": return tools
        case "none": return []
        default: throw .unsupported("tool_choice", "Only the tool choices 'auto' and 'none' are supported yet.")
        }
    }

    private static func templateArguments(_ reader: inout FieldReader) throws(APIError) -> JSONObject {
        guard let value = reader.value("chat_template_kwargs") else { return JSONObject() }
        guard let object = value.object else { throw reader.wrongType("chat_template_kwargs", "an object", value) }
        return object
    }

    private static func refuseUnsupported(_ reader: inout FieldReader) throws(APIError) {
        if try reader.bool("logprobs") == true {
            throw .unsupported("logprobs", "Log-probabilities are not supported yet.")
        }
        if let count = try reader.integer("top_logprobs", in: 0...20), count > 0 {
            throw .unsupported("top_logprobs", "Log-probabilities are not supported yet.")
        }
        if let modalities = reader.value("modalities"), modalities != ["text"] {
            throw .unsupported("modalities", "Only the modality 'text' is supported.")
        }
    }
}

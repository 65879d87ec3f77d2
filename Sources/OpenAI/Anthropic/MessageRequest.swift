package import JSON

/// What a client said to Anthropic's POST /v1/messages, as the chat that it means.
package struct MessageRequest: Sendable {
    package let chat: ChatCompletionRequest

    /// Fields of Anthropic's API that change nothing about an answer of this server.
    package static let harmlessFields: Set<String> = [
        "metadata", "service_tier", "cache_control", "inference_geo", "user_profile_id", "workspace_id",
    ]

    /// - Parameter isCounted: only the tokens of the prompt are wanted, so there need be no `max_tokens`.
    package init(_ body: JSONValue, isCounted: Bool = false) throws(APIError) {
        var reader = try FieldReader(body)
        let messages = try Self.messages(&reader)
        let tools = try ToolDefinition.list(&reader) { value, path throws(APIError) in
            try ToolDefinition(anthropic: value, path: path)
        }
        let (choice, isParallel) = try Self.choice(&reader)
        let sampling = try Self.sampling(&reader, isCounted: isCounted)
        chat = try ChatCompletionRequest(
            prompt: ChatPrompt(messages: messages, tools: tools), sampling: sampling, choice: choice,
            allowsParallelToolCalls: isParallel)
        // An adaptive model may think or not, as it sees fit; this one never does.
        if let value = reader.value("thinking"),
            ![.string("disabled"), .string("adaptive")].contains(value.object?["type"] ?? .null)
        {
            throw .unsupported("thinking", "The model does not think apart from its answer.")
        }
        reader.ignore(Self.harmlessFields)
        try reader.finish()
    }

    private static func messages(_ reader: inout FieldReader) throws(APIError) -> [ChatMessage] {
        var messages: [ChatMessage] = []
        if let system = reader.value("system") {
            messages.append(ChatMessage(role: .system, content: try MessageBlocks.text(system, path: "system")))
        }
        guard let values = try reader.array("messages"), !values.isEmpty else {
            throw .invalid("messages", "'messages' must have at least one entry.")
        }
        for (index, value) in values.enumerated() {
            messages += try MessageBlocks(value, path: "messages[\(index)]").messages
        }
        try ChatMessage.checkToolAnswers(messages, param: "messages")
        return messages
    }

    private static func choice(_ reader: inout FieldReader) throws(APIError) -> (ToolChoice, isParallel: Bool) {
        guard let value = reader.value("tool_choice") else { return (.auto, true) }
        var inner = try FieldReader(value, path: "tool_choice")
        let isParallel = try !(inner.bool("disable_parallel_tool_use") ?? false)
        let choice: ToolChoice
        switch try inner.string("type") {
        case "auto": choice = .auto
        case "any": choice = .required
        case "none": choice = .none
        case "tool":
            guard let name = try inner.string("name") else {
                throw .invalid("tool_choice.name", "'tool_choice.name' is required.")
            }
            choice = .named(name)
        default: throw .invalid("tool_choice.type", "'tool_choice.type' must be 'auto', 'any', 'tool' or 'none'.")
        }
        try inner.finish()
        return (choice, isParallel)
    }

    private static func sampling(_ reader: inout FieldReader, isCounted: Bool) throws(APIError) -> SamplingFields {
        guard let limit = try reader.integer("max_tokens", in: 1...Int64.max) ?? (isCounted ? 1 : nil) else {
            throw .invalid("max_tokens", "'max_tokens' is required.")
        }
        let others = ["n", "stop", "stream_options", "timings_per_token", "return_progress", "response_format"]
        for field in others where reader.value(field) != nil {
            throw .unsupported(field, "'\(field)' is not a field of messages.")
        }
        var sampling = try SamplingFields(&reader, maxTokens: limit, topLogprobs: nil)
        sampling.stop = try SamplingFields.stop(&reader, "stop_sequences")
        if let schema = try schema(&reader) {
            (sampling.format, sampling.formatField) = (.schema(schema), "output_config.format")
        }
        return sampling
    }

    /// What the text must look like.
    private static func schema(_ reader: inout FieldReader) throws(APIError) -> JSONValue? {
        guard let value = reader.value("output_config") else { return nil }
        var configuration = try FieldReader(value, path: "output_config")
        configuration.ignore(["effort"])
        let format = configuration.value("format")
        try configuration.finish()
        guard let format else { return nil }
        var inner = try FieldReader(format, path: "output_config.format")
        guard try inner.string("type") == "json_schema", let schema = inner.value("schema") else {
            throw .invalid("output_config.format", "'output_config.format' must be a 'json_schema' with its 'schema'.")
        }
        try inner.finish()
        return schema
    }
}

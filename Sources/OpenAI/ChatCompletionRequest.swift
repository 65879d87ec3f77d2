package import JSON

/// What a client said to POST /v1/chat/completions.
package struct ChatCompletionRequest: Sendable {
    package let messages: [ChatMessage]
    package let sampling: SamplingFields
    /// What the prompt tells the model of; empty when the client gave none, or said `tool_choice: "none"`.
    package let tools: [ToolDefinition]
    /// Those of them that it may call.
    package let callableTools: [ToolDefinition]
    /// The answer must be a call of one of these.
    package let requiresToolCall: Bool
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
        let topLogprobs = try Self.topLogprobs(&reader)
        sampling = try SamplingFields(&reader, maxTokens: newer ?? older, topLogprobs: topLogprobs)
        let given = try Self.tools(&reader)
        let choice = try ToolChoice.read(&reader)
        tools = choice == .none ? [] : given
        (callableTools, requiresToolCall) = try Self.chosen(choice, among: given)
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
        return tools
    }

    private static func chosen(
        _ choice: ToolChoice, among tools: [ToolDefinition]
    ) throws(APIError) -> (tools: [ToolDefinition], isRequired: Bool) {
        let names: [String]
        switch choice {
        case .auto: return (tools, false)
        case .none: return ([], false)
        case .required: names = tools.map(\.name)
        case .named(let name): names = [name]
        case .allowed(let allowed, _): names = allowed
        }
        guard !tools.isEmpty else {
            throw .invalid("tool_choice", "'tool_choice' asks for a tool, and 'tools' is empty.")
        }
        if let unknown = names.first(where: { name in !tools.contains { $0.name == name } }) {
            throw .invalid(
                "tool_choice", "'tool_choice' names the tool '\(unknown.prefix(64))', which 'tools' does not have.")
        }
        let isRequired = if case .allowed(_, let isRequired) = choice { isRequired } else { true }
        return (tools.filter { names.contains($0.name) }, isRequired)
    }

    private static func templateArguments(_ reader: inout FieldReader) throws(APIError) -> JSONObject {
        guard let value = reader.value("chat_template_kwargs") else { return JSONObject() }
        guard let object = value.object else { throw reader.wrongType("chat_template_kwargs", "an object", value) }
        return object
    }

    private static func topLogprobs(_ reader: inout FieldReader) throws(APIError) -> Int? {
        let isWanted = try reader.bool("logprobs") ?? false
        let count = try reader.integer("top_logprobs", in: 0...Int64(SamplingFields.topLogprobsLimit))
        guard isWanted || count == nil else {
            throw .invalid("top_logprobs", "'top_logprobs' is only allowed when 'logprobs' is true.")
        }
        return isWanted ? count ?? 0 : nil
    }

    private static func refuseUnsupported(_ reader: inout FieldReader) throws(APIError) {
        if let modalities = reader.value("modalities"), modalities != ["text"] {
            throw .unsupported("modalities", "Only the modality 'text' is supported.")
        }
    }
}

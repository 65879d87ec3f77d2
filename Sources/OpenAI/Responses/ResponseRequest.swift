package import JSON

/// What a client said to POST /v1/responses.
package struct ResponseRequest: Sendable {
    /// What the input says, in order; without `instructions` and what `previousID` brings.
    package let messages: [ChatMessage]
    /// The input as GET /v1/responses/{id}/input_items lists it, in order, each with an id.
    package let inputItems: [JSONValue]
    package let instructions: String?
    package let sampling: SamplingFields
    /// The response whose conversation this one continues.
    package let previousID: String?
    package let isStored: Bool
    /// Old messages may be left out where they do not fit.
    package let truncates: Bool
    package let allowsParallelToolCalls: Bool
    private let tools: [ToolDefinition]
    private let choice: ToolChoice
    /// Members of the answer that repeat what was asked.
    let echoed: JSONObject

    /// Fields of OpenAI's API that change nothing about an answer of this server. `reasoning` is for models that do.
    package static let harmlessFields: Set<String> = [
        "user", "service_tier", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention",
        "safety_identifier", "reasoning", "max_tool_calls",
    ]

    package init(_ body: JSONValue) throws(APIError) {
        var reader = try FieldReader(body)
        let input = try ResponseInput(&reader)
        (messages, inputItems) = (input.messages, input.items)
        instructions = try reader.string("instructions")
        previousID = try reader.string("previous_response_id")
        isStored = try reader.bool("store") ?? true
        truncates = try Self.truncates(&reader)
        allowsParallelToolCalls = try reader.bool("parallel_tool_calls") ?? true
        tools = try ToolDefinition.list(&reader) { value, path throws(APIError) in
            try ToolDefinition(flat: value, path: path)
        }
        choice = try ToolChoice.readFlat(&reader)
        sampling = try Self.sampling(&reader)
        echoed = try Self.echoed(&reader, sampling)
        try Self.refuseUnsupported(&reader)
        reader.ignore(Self.harmlessFields)
        try reader.finish()
    }

    /// The conversation as a chat request.
    ///
    /// - Parameter messages: of the responses before this one, and its own, as far as they are to be told.
    package func chat(_ messages: [ChatMessage]) throws(APIError) -> ChatCompletionRequest {
        let system = instructions.map { [ChatMessage(role: .system, content: $0)] } ?? []
        return try ChatCompletionRequest(
            prompt: ChatPrompt(messages: system + messages, tools: tools), sampling: sampling, choice: choice,
            allowsParallelToolCalls: allowsParallelToolCalls)
    }

    private static func truncates(_ reader: inout FieldReader) throws(APIError) -> Bool {
        switch reader.value("truncation") {
        case nil, "disabled": return false
        case "auto": return true
        default: throw .invalid("truncation", "'truncation' must be 'auto' or 'disabled'.")
        }
    }

    private static func sampling(_ reader: inout FieldReader) throws(APIError) -> SamplingFields {
        let format = try format(&reader)
        let limit = try reader.integer("max_output_tokens", in: 1...Int64.max)
        for field in ["n", "timings_per_token", "return_progress"] where reader.value(field) != nil {
            throw .unsupported(field, "'\(field)' is not a field of responses.")
        }
        var sampling = try SamplingFields(&reader, maxTokens: limit, topLogprobs: nil)
        guard !sampling.includesUsage else {
            throw .unsupported("stream_options.include_usage", "The last event of a response always has its usage.")
        }
        if let format {
            if let other = sampling.formatField {
                throw .invalid(other, "'text.format' and '\(other)' cannot be used together.")
            }
            (sampling.format, sampling.formatField) = (format, "text.format")
        }
        return sampling
    }

    /// The schema lies beside the type, not one level down as in chats.
    private static func format(_ reader: inout FieldReader) throws(APIError) -> OutputFormat? {
        guard let value = reader.value("text") else { return nil }
        var text = try FieldReader(value, path: "text")
        text.ignore(["verbosity"])
        let format = text.value("format")
        try text.finish()
        guard let format else { return nil }
        var inner = try FieldReader(format, path: "text.format")
        let type = try inner.string("type")
        switch type {
        case "text", "json_object":
            try inner.finish()
            return type == "text" ? nil : .object
        case "json_schema":
            guard let schema = inner.value("schema") else {
                throw .invalid("text.format.schema", "'text.format.schema' is required.")
            }
            inner.ignore(["name", "description", "strict"])
            try inner.finish()
            return .schema(schema)
        default:
            throw .invalid("text.format.type", "'text.format.type' must be 'text', 'json_object' or 'json_schema'.")
        }
    }

    private static func echoed(
        _ reader: inout FieldReader, _ sampling: SamplingFields
    ) throws(APIError) -> JSONObject {
        return [
            "instructions": reader.value("instructions") ?? .null,
            "metadata": try Metadata.read(&reader) ?? .object(JSONObject()),
            "parallel_tool_calls": reader.value("parallel_tool_calls") ?? true,
            "temperature": sampling.temperature.map(JSONValue.number) ?? .null,
            "tool_choice": reader.value("tool_choice") ?? "auto", "tools": reader.value("tools") ?? [],
            "top_p": sampling.topP.map(JSONValue.number) ?? .null,
            "max_output_tokens": sampling.maxTokens.map { .integer(Int64($0)) } ?? .null,
            "previous_response_id": reader.value("previous_response_id") ?? .null,
            "reasoning": ["effort": .null, "summary": .null],
            "text": reader.value("text") ?? ["format": ["type": "text"]],
            "truncation": reader.value("truncation") ?? "disabled", "user": reader.value("user") ?? .null,
            "background": false, "service_tier": "default",
        ]
    }

    private static func refuseUnsupported(_ reader: inout FieldReader) throws(APIError) {
        if try reader.bool("background") == true {
            throw .unsupported("background", "Responses in the background are not supported; stream, or keep waiting.")
        }
        // There is no reasoning that could be encrypted, so whoever asks for it gets all there is.
        for (index, value) in (try reader.array("include") ?? []).enumerated()
        where value != "reasoning.encrypted_content" {
            throw .unsupported("include[\(index)]", "'include' has nothing to add to responses of this server.")
        }
        if let count = try reader.integer("top_logprobs", in: 0...20), count > 0 {
            throw .unsupported("top_logprobs", "Responses have no log-probabilities; /v1/chat/completions has.")
        }
    }
}

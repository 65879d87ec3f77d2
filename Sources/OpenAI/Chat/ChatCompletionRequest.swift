package import JSON

/// What a client said to POST /v1/chat/completions.
package struct ChatCompletionRequest: Sendable {
    /// Without tools when the client said `tool_choice: "none"`.
    package internal(set) var prompt: ChatPrompt
    package internal(set) var sampling: SamplingFields
    /// The tools that the model may call.
    package let callableTools: [ToolDefinition]
    /// The answer must be a call of one of these.
    package let requiresToolCall: Bool
    package let allowsParallelToolCalls: Bool

    /// Fields of OpenAI's API, and of its peers, that change nothing about an answer of this server.
    package static let harmlessFields: Set<String> = [
        "user", "metadata", "store", "service_tier", "prompt_cache_key", "prompt_cache_options",
        "prompt_cache_retention", "safety_identifier", "verbosity", "reasoning_effort", "prediction",
    ]

    package init(_ body: JSONValue) throws(APIError) {
        var reader = try FieldReader(body)
        let prompt = try ChatPrompt(&reader)
        let newer = try reader.integer("max_completion_tokens", in: 1...Int64.max)
        let older = try reader.integer("max_tokens", in: 1...Int64.max)
        let topLogprobs = try Self.topLogprobs(&reader)
        let sampling = try SamplingFields(&reader, maxTokens: newer ?? older, topLogprobs: topLogprobs)
        let choice = try ToolChoice.read(&reader)
        let isParallel = try reader.bool("parallel_tool_calls") ?? true
        try self.init(prompt: prompt, sampling: sampling, choice: choice, allowsParallelToolCalls: isParallel)
        try Self.refuseUnsupported(&reader)
        try Self.skipHarmless(&reader)
        try reader.finish()
    }

    /// What the fields of a request mean together, in whose words ever they came.
    init(
        prompt: ChatPrompt, sampling: SamplingFields, choice: ToolChoice, allowsParallelToolCalls: Bool
    ) throws(APIError) {
        var prompt = prompt
        (callableTools, requiresToolCall) = try Self.chosen(choice, among: prompt.tools)
        if choice == .none { prompt.tools = [] }
        self.prompt = prompt
        self.sampling = sampling
        self.allowsParallelToolCalls = allowsParallelToolCalls
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

    private static func topLogprobs(_ reader: inout FieldReader) throws(APIError) -> Int? {
        // llama-server's word asks for both at once.
        let probabilities = try SamplingFields.probabilities(&reader)
        let isWanted = try reader.bool("logprobs") ?? (probabilities != nil)
        let count = try reader.integer("top_logprobs", in: 0...Int64(SamplingFields.topLogprobsLimit)) ?? probabilities
        guard isWanted || count == nil else {
            throw .invalid("top_logprobs", "'top_logprobs' is only allowed when 'logprobs' is true.")
        }
        return isWanted ? count ?? 0 : nil
    }

    /// Changes nothing about the answer either way, and is what it should be all the same.
    static func skipHarmless(_ reader: inout FieldReader) throws(APIError) {
        _ = try Metadata.read(&reader)
        _ = try reader.string("user")
        reader.ignore(harmlessFields)
    }

    private static func refuseUnsupported(_ reader: inout FieldReader) throws(APIError) {
        if let modalities = reader.value("modalities"), modalities != ["text"] {
            throw .unsupported("modalities", "Only the modality 'text' is supported.")
        }
    }
}

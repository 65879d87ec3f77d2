package import JSON

/// What a client said to POST /v1/completions.
package struct CompletionRequest: Sendable {
    package enum Prompt: Sendable, Equatable {
        case text(String)
        case tokens([Int32])
    }

    /// One or more; each is answered by itself.
    package let prompts: [Prompt]
    package let sampling: SamplingFields
    /// Samples to draw of each prompt, of which the `sampling.n` likeliest are the answer.
    package let bestOf: Int
    /// The text begins with the prompt.
    package let echoes: Bool

    /// OpenAI's default for plain completions.
    private static let defaultMaxTokens = 16

    package init(_ body: JSONValue) throws(APIError) {
        var reader = try FieldReader(body)
        prompts = try Self.prompts(&reader)
        echoes = try reader.bool("echo") ?? false
        // Without an answer there is at least the prompt.
        let fewest: Int64 = echoes ? 0 : 1
        let maxTokens = try reader.integer("max_tokens", in: fewest...Int64.max) ?? Self.defaultMaxTokens
        let probabilities = try SamplingFields.probabilities(&reader)
        let topLogprobs =
            try reader.integer("logprobs", in: 0...Int64(SamplingFields.topLogprobsLimit)) ?? probabilities
        sampling = try SamplingFields(&reader, maxTokens: maxTokens, topLogprobs: topLogprobs)
        bestOf = try Self.bestOf(&reader, sampling)
        guard !echoes || topLogprobs == nil || !sampling.streams || bestOf == 1 else {
            throw .invalid("echo", "'echo' with 'logprobs' and 'n' larger than 1 cannot be streamed.")
        }
        guard prompts.count * bestOf <= SamplingFields.samplesLimit else {
            throw .invalid(
                "prompt",
                """
                One request may ask for at most \(SamplingFields.samplesLimit) texts, got \(prompts.count) prompts with \
                \(bestOf) each.
                """)
        }
        try Self.refuseUnsupported(&reader)
        try ChatCompletionRequest.skipHarmless(&reader)
        try reader.finish()
    }

    /// A string, or token ids, or an array of such.
    private static func prompts(_ reader: inout FieldReader) throws(APIError) -> [Prompt] {
        guard let value = reader.value("prompt") else { throw .invalid("prompt", "'prompt' is required.") }
        if let text = value.string { return [.text(text)] }
        guard let array = value.array else { throw reader.wrongType("prompt", "a string or an array", value) }
        guard let first = array.first else { throw .invalid("prompt", "'prompt' must not be empty.") }
        if first.integer != nil { return [.tokens(try tokens(array, path: "prompt"))] }
        guard array.count <= SamplingFields.samplesLimit else {
            throw .invalid(
                "prompt", "'prompt' may have at most \(SamplingFields.samplesLimit) entries, got \(array.count).")
        }
        var prompts: [Prompt] = []
        for (index, value) in array.enumerated() { prompts.append(try prompt(value, path: "prompt[\(index)]")) }
        return prompts
    }

    static func prompt(_ value: JSONValue, path: String) throws(APIError) -> Prompt {
        if let text = value.string { return .text(text) }
        guard let array = value.array, !array.isEmpty else {
            throw .invalid(path, "'\(path)' must be a string or token ids, got \(value.kind).")
        }
        return .tokens(try tokens(array, path: path))
    }

    static func tokens(_ values: [JSONValue], path: String) throws(APIError) -> [Int32] {
        var tokens: [Int32] = []
        tokens.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            guard let token = value.integer.flatMap(Int32.init(exactly:)), token >= 0 else {
                throw .invalid("\(path)[\(index)]", "'\(path)[\(index)]' is not a token id.")
            }
            tokens.append(token)
        }
        return tokens
    }

    /// A stream can't wait for the best.
    private static func bestOf(_ reader: inout FieldReader, _ sampling: SamplingFields) throws(APIError) -> Int {
        guard let bestOf = try SamplingFields.samples(&reader, "best_of") else { return sampling.n }
        guard bestOf >= sampling.n else {
            throw .invalid("best_of", "'best_of' must be at least 'n', got \(bestOf) and \(sampling.n).")
        }
        guard bestOf == sampling.n || !sampling.streams else {
            throw .invalid("best_of", "'best_of' larger than 'n' cannot be streamed.")
        }
        return bestOf
    }

    private static func refuseUnsupported(_ reader: inout FieldReader) throws(APIError) {
        if let suffix = try reader.string("suffix"), !suffix.isEmpty {
            throw .unsupported("suffix", "'suffix' is not supported.")
        }
    }
}

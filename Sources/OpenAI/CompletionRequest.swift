package import JSON

/// What a client said to POST /v1/completions.
package struct CompletionRequest: Sendable {
    package enum Prompt: Sendable, Equatable {
        case text(String)
        case tokens([Int32])
    }

    package let prompt: Prompt
    package let sampling: SamplingFields
    /// Samples to draw, of which the `sampling.n` likeliest are the answer.
    package let bestOf: Int

    /// OpenAI's default for plain completions.
    private static let defaultMaxTokens = 16

    package init(_ body: JSONValue) throws(APIError) {
        var reader = try FieldReader(body)
        prompt = try Self.prompt(&reader)
        let maxTokens = try reader.integer("max_tokens", in: 1...Int64.max) ?? Self.defaultMaxTokens
        sampling = try SamplingFields(&reader, maxTokens: maxTokens)
        bestOf = try Self.bestOf(&reader, sampling)
        try Self.refuseUnsupported(&reader)
        reader.ignore(ChatCompletionRequest.harmlessFields)
        try reader.finish()
    }

    /// A string, or token ids; an array with one of either is the same.
    private static func prompt(_ reader: inout FieldReader) throws(APIError) -> Prompt {
        guard let value = reader.value("prompt") else { throw .invalid("prompt", "'prompt' is required.") }
        if let text = value.string { return .text(text) }
        guard let array = value.array else { throw reader.wrongType("prompt", "a string or an array", value) }
        guard let first = array.first else { throw .invalid("prompt", "'prompt' must not be empty.") }
        if first.integer != nil { return .tokens(try tokens(array, path: "prompt")) }
        guard array.count == 1 else {
            throw .unsupported("prompt", "Several prompts in one request are not supported yet, got \(array.count).")
        }
        if let text = first.string { return .text(text) }
        guard let inner = first.array, !inner.isEmpty else {
            throw .invalid("prompt[0]", "'prompt[0]' must be a string or token ids, got \(first.kind).")
        }
        return .tokens(try tokens(inner, path: "prompt[0]"))
    }

    private static func tokens(_ values: [JSONValue], path: String) throws(APIError) -> [Int32] {
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
        if try reader.bool("echo") == true { throw .unsupported("echo", "'echo' is not supported yet.") }
        if reader.value("logprobs") != nil {
            throw .unsupported("logprobs", "Log-probabilities are not supported yet.")
        }
        if let suffix = try reader.string("suffix"), !suffix.isEmpty {
            throw .unsupported("suffix", "'suffix' is not supported.")
        }
    }
}

package import JSON

/// What a client said to POST /v1/embeddings.
package struct EmbeddingRequest: Sendable {
    /// How the numbers of a vector are written.
    package enum Encoding: String, Sendable {
        case float
        /// Little-endian float32, which the official client asks for when its user does not say.
        case base64
    }

    /// What stands for the whole text: the mean of its tokens' states, or the state of the last.
    package enum Pooling: String, Sendable {
        case mean, last
    }

    package let model: String?
    package let inputs: [CompletionRequest.Prompt]
    /// Values to keep of each vector; nil for all.
    package let dimensions: Int?
    package let encoding: Encoding
    /// Nil for what the model declares.
    package let pooling: Pooling?
    package let priority: Int?
    package let cacheSalt: String?

    /// OpenAI's.
    package static let inputsLimit = 2048

    package init(_ body: JSONValue) throws(APIError) {
        var reader = try FieldReader(body)
        model = try reader.string("model")
        inputs = try Self.inputs(&reader)
        dimensions = try reader.integer("dimensions", in: 1...Int64(Int32.max))
        encoding = try Self.word(&reader, "encoding_format", "'float' or 'base64'") ?? .float
        pooling = try Self.word(&reader, "pooling", "'mean' or 'last'")
        priority = try SamplingFields.priority(&reader)
        cacheSalt = try SamplingFields.cacheSalt(&reader)
        reader.ignore(["user", "metadata"])
        try reader.finish()
    }

    /// A text, or token ids, or an array of such.
    private static func inputs(_ reader: inout FieldReader) throws(APIError) -> [CompletionRequest.Prompt] {
        guard let value = reader.value("input") else { throw .invalid("input", "'input' is required.") }
        if value.string != nil { return [try input(value, path: "input")] }
        guard let values = value.array else { throw reader.wrongType("input", "a string or an array", value) }
        if values.first?.integer != nil { return [try input(value, path: "input")] }
        guard (1...inputsLimit).contains(values.count) else {
            throw .invalid("input", "'input' must have 1 to \(inputsLimit) entries, got \(values.count).")
        }
        var inputs: [CompletionRequest.Prompt] = []
        for (index, value) in values.enumerated() { inputs.append(try input(value, path: "input[\(index)]")) }
        return inputs
    }

    private static func input(_ value: JSONValue, path: String) throws(APIError) -> CompletionRequest.Prompt {
        guard value.string != "" else { throw .invalid(path, "'\(path)' must not be empty.") }
        return try CompletionRequest.prompt(value, path: path)
    }

    private static func word<Word: RawRepresentable<String>>(
        _ reader: inout FieldReader, _ field: String, _ words: String
    ) throws(APIError) -> Word? {
        guard let text = try reader.string(field) else { return nil }
        guard let word = Word(rawValue: text) else {
            throw .invalid(field, "'\(field)' must be \(words), got '\(text.prefix(40))'.")
        }
        return word
    }
}

package import JSON

/// What a client said to POST /v1/score or /v1/classify: how likely are these texts behind this prompt?
package struct ScoreRequest: Sendable {
    package enum Prompt: Sendable {
        case plain(CompletionRequest.Prompt)
        case chat(ChatPrompt)
    }

    package let model: String?
    package let prompt: Prompt
    package let texts: [CompletionRequest.Prompt]
    /// The request field with the texts.
    package let textsField: String
    /// The end of the answer belongs to each text, so that "1" does not stand for "10" as well.
    package let includesEnd: Bool
    package let topLogprobs: Int
    package let priority: Int?
    package let cacheSalt: String?

    /// - Parameter textsField: `continuations` or `labels`.
    package init(_ body: JSONValue, textsField: String) throws(APIError) {
        var reader = try FieldReader(body)
        self.textsField = textsField
        model = try reader.string("model")
        if reader.value("messages") != nil {
            prompt = .chat(try ChatPrompt(&reader))
        } else {
            guard let value = reader.value("prompt") else {
                throw .invalid("prompt", "One of 'prompt' and 'messages' is required.")
            }
            prompt = .plain(try CompletionRequest.prompt(value, path: "prompt"))
        }
        texts = try Self.texts(&reader, textsField)
        includesEnd = try reader.bool("include_end") ?? false
        topLogprobs = try reader.integer("top_logprobs", in: 0...Int64(SamplingFields.topLogprobsLimit)) ?? 0
        priority = try SamplingFields.priority(&reader)
        cacheSalt = try SamplingFields.cacheSalt(&reader)
        reader.ignore(["user", "metadata"])
        try reader.finish()
    }

    private static func texts(_ reader: inout FieldReader, _ field: String) throws(APIError) -> [CompletionRequest
        .Prompt]
    {
        guard let values = try reader.array(field) else { throw .invalid(field, "'\(field)' is required.") }
        guard (1...SamplingFields.samplesLimit).contains(values.count) else {
            throw .invalid(
                field, "'\(field)' must have 1 to \(SamplingFields.samplesLimit) entries, got \(values.count).")
        }
        var texts: [CompletionRequest.Prompt] = []
        for (index, value) in values.enumerated() {
            texts.append(try CompletionRequest.prompt(value, path: "\(field)[\(index)]"))
        }
        return texts
    }
}

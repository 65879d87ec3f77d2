package import JSON

/// What a client said to POST /v1/moderations.
package struct ModerationRequest: Sendable {
    package let model: String?
    /// One conversation for each text to judge.
    package let chats: [ChatPrompt]
    /// How Llama Guard 3 is to answer: `safe`, or `unsafe` and the codes of categories, with its log-probabilities.
    package let sampling: SamplingFields

    private static let verdict = #"(\n\n)?(safe|unsafe\nS(1[0-4]|[1-9])(,S(1[0-4]|[1-9])){0,13})"#

    package init(_ body: JSONValue) throws(APIError) {
        var reader = try FieldReader(body)
        model = try reader.string("model")
        chats = try Self.texts(&reader).map {
            ChatPrompt(messages: [ChatMessage(role: .user, content: $0)], tools: [])
        }
        reader.ignore(["user"])
        try reader.finish()
        var fields = try FieldReader(["temperature": 0.0, "structured_outputs": ["regex": .string(Self.verdict)]])
        sampling = try SamplingFields(&fields, maxTokens: 80, topLogprobs: SamplingFields.topLogprobsLimit)
    }

    /// A text, an array of texts, or parts of text that are one.
    private static func texts(_ reader: inout FieldReader) throws(APIError) -> [String] {
        guard let value = reader.value("input") else { throw .invalid("input", "'input' is required.") }
        if let text = value.string { return [text] }
        guard let values = value.array else { throw reader.wrongType("input", "a string or an array", value) }
        guard (1...SamplingFields.samplesLimit).contains(values.count) else {
            throw .invalid(
                "input", "'input' must have 1 to \(SamplingFields.samplesLimit) entries, got \(values.count).")
        }
        var (texts, parts): ([String], [String]) = ([], [])
        for (index, value) in values.enumerated() {
            if let text = value.string { texts.append(text) } else { parts.append(try part(value, "input[\(index)]")) }
        }
        guard texts.isEmpty || parts.isEmpty else { throw .invalid("input", "'input' mixes texts with parts.") }
        return parts.isEmpty ? texts : [parts.joined(separator: "\n")]
    }

    private static func part(_ value: JSONValue, _ path: String) throws(APIError) -> String {
        var reader = try FieldReader(value, path: path)
        guard try reader.string("type") == "text", let text = try reader.string("text") else {
            throw .invalid(path + ".type", "'\(path).type' must be 'text': this server has text models only.")
        }
        try reader.finish()
        return text
    }
}

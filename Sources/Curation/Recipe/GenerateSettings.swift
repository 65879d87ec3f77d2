package import JSON

/// How answers are drawn.
package struct GenerateSettings: Sendable {
    /// The recipe's name of the model.
    package let model: String
    /// Answers for each prompt.
    package let samples: Int
    /// The fields of a chat completion that say how: temperature, max_tokens, …
    package let parameters: JSONObject
    /// Likeliest tokens to keep beside each token; nil keeps no log-probabilities.
    package var topLogprobs: Int?
    /// Requests at the same time. Does not change what comes.
    package let concurrency: Int
    /// Times that a request which failed is sent again.
    package let retries: Int

    package static let samplesLimit = 128
}

extension GenerateSettings {
    init(_ reader: inout RecipeReader, models: [ModelSettings]) throws(RecipeError) {
        model = try reader.model(among: models)
        samples = try reader.integer("samples", in: 1...Self.samplesLimit) ?? 1
        var fields: JSONObject = [:]
        fields["temperature"] = try reader.number("temperature", in: 0...2).map(JSONValue.number)
        fields["top_p"] = try reader.number("top-p", in: 0...1).map(JSONValue.number)
        fields["top_k"] = try reader.integer("top-k", in: 0...1_000_000).map { .integer(Int64($0)) }
        fields["min_p"] = try reader.number("min-p", in: 0...1).map(JSONValue.number)
        fields["max_tokens"] = .integer(Int64(try reader.integer("max-tokens", in: 1...1_000_000) ?? 512))
        fields["stop"] = try reader.strings("stop").map { .array($0.map(JSONValue.string)) }
        fields["tool_choice"] = try reader.json("tool-choice")
        fields["response_format"] = try reader.json("response-format")
        if let extra = try reader.json("extra") {
            guard let object = extra.object else { throw reader.error("extra", "must be a mapping of request fields") }
            for member in object.members {
                guard !Self.own.contains(member.name), fields[member.name] == nil else {
                    throw reader.error("extra", "must not set '\(member.name)', which the recipe decides elsewhere")
                }
                fields[member.name] = member.value
            }
        }
        parameters = fields
        concurrency = try reader.integer("concurrency", in: 1...256) ?? 8
        retries = try reader.integer("retries", in: 0...100) ?? 5
        try reader.finish()
    }

    /// Request fields that are the command's own.
    private static let own: Set<String> = [
        "messages", "tools", "model", "n", "seed", "stream", "stream_options", "logprobs", "top_logprobs",
    ]

    /// What decides the answers.
    package var digest: ContentHash {
        ContentHash([
            "samples": .integer(Int64(samples)), "parameters": .object(parameters),
            "top": topLogprobs.map { .integer(Int64($0)) } ?? .null,
        ])
    }
}

extension RecipeReader {
    /// The field `model`: a name of the recipe's models; the first without it.
    mutating func model(among models: [ModelSettings]) throws(RecipeError) -> String {
        let names = models.map(\.name)
        guard let name = try string("model") else { return names[0] }
        guard names.contains(name) else {
            let guess = Spelling.nearest(to: name, among: names).map { "; did you mean '\($0)'?" } ?? ""
            throw error("model", "must be one of \(names.joined(separator: ", ")), not '\(name)'\(guess)")
        }
        return name
    }
}

package import JSON

/// What tokenizer_config.json says beside the vocabulary.
package struct TokenizerConfiguration: Sendable, Equatable {
    package var beginText: String?
    package var endText: String?
    package var paddingText: String?
    package var addsBegin: Bool?
    /// The template for conversations; where a file names several, the one called "default".
    package var chatTemplate: String?

    package init() {}

    package init(_ document: JSONValue) throws(VocabularyError) {
        guard let object = document.object else {
            throw .invalid(field: "tokenizer_config.json", reason: "\(document.kind) instead of an object")
        }
        beginText = try Self.token("bos_token", in: object)
        endText = try Self.token("eos_token", in: object)
        paddingText = try Self.token("pad_token", in: object)
        addsBegin = object["add_bos_token"]?.bool
        chatTemplate = try Self.template(in: object)
    }

    /// A token is its text, or an object with the text in `content`.
    private static func token(_ name: String, in object: JSONObject) throws(VocabularyError) -> String? {
        switch object[name] {
        case nil, .null: return nil
        case .string(let text): return text
        case .object(let token):
            if let text = token["content"]?.string { return text }
            fallthrough
        default: throw .invalid(field: "tokenizer_config.json \(name)", reason: "neither text nor a token")
        }
    }

    private static func template(in object: JSONObject) throws(VocabularyError) -> String? {
        switch object["chat_template"] {
        case nil, .null: return nil
        case .string(let text): return text
        case .array(let entries):
            let named = entries.first { $0.object?["name"]?.string == "default" } ?? entries.first
            if let text = named?.object?["template"]?.string { return text }
            fallthrough
        default: throw .invalid(field: "tokenizer_config.json chat_template", reason: "neither text nor a list")
        }
    }
}

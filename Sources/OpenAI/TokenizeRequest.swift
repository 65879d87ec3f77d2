package import JSON

/// What a client said to POST /tokenize: a text in llama-server's words (`content`) or in vLLM's (`prompt`), or a
/// conversation in vLLM's (`messages`). The answer is in the same words.
package struct TokenizeRequest: Sendable {
    package enum Text: Sendable {
        case plain(String)
        case chat(ChatPrompt)
    }

    /// How the tokens are listed in the answer.
    package enum Listing: Sendable, Equatable {
        case llamaServer(withPieces: Bool)
        case vLLM(withTexts: Bool)
    }

    package let model: String?
    package let text: Text
    /// Put the begin token in front; a template writes its own.
    package let addsBegin: Bool
    /// Texts of control tokens become those tokens.
    package let allowsSpecial: Bool
    package let listing: Listing

    package init(_ body: JSONValue) throws(APIError) {
        var reader = try FieldReader(body)
        if reader.value("messages") != nil {
            self = try Self(chat: &reader)
        } else if let content = try reader.string("content") {
            self = try Self(content: content, &reader)
        } else {
            self = try Self(prompt: &reader)
        }
    }

    private init(content: String, _ reader: inout FieldReader) throws(APIError) {
        model = try reader.string("model")
        text = .plain(content)
        addsBegin = try reader.bool("add_special") ?? false
        allowsSpecial = try reader.bool("parse_special") ?? true
        listing = .llamaServer(withPieces: try reader.bool("with_pieces") ?? false)
        try reader.finish()
    }

    private init(prompt reader: inout FieldReader) throws(APIError) {
        guard let prompt = try reader.string("prompt") else {
            throw .invalid("prompt", "One of 'content', 'prompt' and 'messages' is required.")
        }
        model = try reader.string("model")
        text = .plain(prompt)
        addsBegin = try reader.bool("add_special_tokens") ?? true
        allowsSpecial = true
        listing = .vLLM(withTexts: try reader.bool("return_token_strs") ?? false)
        try reader.finish()
    }

    private init(chat reader: inout FieldReader) throws(APIError) {
        model = try reader.string("model")
        text = .chat(try ChatPrompt(&reader))
        addsBegin = try reader.bool("add_special_tokens") ?? false
        allowsSpecial = false
        listing = .vLLM(withTexts: try reader.bool("return_token_strs") ?? false)
        try reader.finish()
    }
}

/// One token of an answer to POST /tokenize.
package struct TokenPiece: Sendable {
    let id: Int32
    let bytes: [UInt8]

    package init(id: Int32, bytes: [UInt8]) {
        self.id = id
        self.bytes = bytes
    }

    /// - Parameter contextLength: most tokens of prompt and answer together.
    package static func list(_ tokens: [TokenPiece], _ listing: TokenizeRequest.Listing, contextLength: Int)
        -> JSONValue
    {
        let ids = JSONValue.array(tokens.map { .integer(Int64($0.id)) })
        switch listing {
        case .llamaServer(let withPieces):
            return ["tokens": withPieces ? .array(tokens.map(\.json)) : ids]
        case .vLLM(let withTexts):
            let texts = tokens.map { JSONValue.string(String(decoding: $0.bytes, as: UTF8.self)) }
            return [
                "count": .integer(Int64(tokens.count)), "max_model_len": .integer(Int64(contextLength)), "tokens": ids,
                "token_strs": withTexts ? .array(texts) : .null,
            ]
        }
    }

    /// The piece is its bytes where they are no text of their own.
    private var json: JSONValue {
        let text = String(validating: bytes, as: UTF8.self)
        let piece = text.map(JSONValue.string) ?? .array(bytes.map { .integer(Int64($0)) })
        return ["id": .integer(Int64(id)), "piece": piece]
    }
}

/// What a client said to POST /detokenize.
package struct DetokenizeRequest: Sendable {
    package let model: String?
    package let tokens: [Int32]

    package init(_ body: JSONValue) throws(APIError) {
        var reader = try FieldReader(body)
        model = try reader.string("model")
        guard let values = try reader.array("tokens") else { throw .invalid("tokens", "'tokens' is required.") }
        tokens = try CompletionRequest.tokens(values, path: "tokens")
        try reader.finish()
    }

    /// llama-server calls the text content, vLLM prompt.
    package static func answer(_ text: String) -> JSONValue { ["content": .string(text), "prompt": .string(text)] }
}

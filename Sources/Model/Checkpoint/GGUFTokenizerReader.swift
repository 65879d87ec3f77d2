/// Reads the `tokenizer.*` and sampling metadata of a GGUF file.
struct GGUFTokenizerReader {
    let metadata: GGUFMetadata

    private enum Key {
        static let model = "tokenizer.ggml.model"
        static let tokens = "tokenizer.ggml.tokens"
        static let scores = "tokenizer.ggml.scores"
        static let types = "tokenizer.ggml.token_type"
        static let merges = "tokenizer.ggml.merges"
        static let begin = "tokenizer.ggml.bos_token_id"
        static let end = "tokenizer.ggml.eos_token_id"
        static let endOfTurn = "tokenizer.ggml.eot_token_id"
        static let endOfMessage = "tokenizer.ggml.eom_token_id"
        static let padding = "tokenizer.ggml.padding_token_id"
    }

    func textAssets() throws(CheckpointError) -> GGUFTextAssets {
        let model = try metadata.required(Key.model, try metadata.string(Key.model))
        guard model == "gpt2" else {
            throw .unsupported(
                metadata.place(Key.model), got: "the tokenizer \(model)", supported: "gpt2 (byte-level BPE)")
        }
        let tokens = try tokens()
        return GGUFTextAssets(
            model: model, preTokenizer: try metadata.string("tokenizer.ggml.pre"), tokens: tokens,
            tokenTypes: try tokenTypes(count: tokens.count),
            merges: try metadata.strings(Key.merges) ?? PackedStrings(), beginID: try id(Key.begin, tokens.count),
            endID: try id(Key.end, tokens.count), endOfTurnID: try id(Key.endOfTurn, tokens.count),
            endOfMessageID: try id(Key.endOfMessage, tokens.count), paddingID: try id(Key.padding, tokens.count),
            addsBegin: try metadata.bool("tokenizer.ggml.add_bos_token"),
            chatTemplate: try metadata.string("tokenizer.chat_template"))
    }

    func generationDefaults(_ text: GGUFTextAssets) throws(CheckpointError) -> GenerationDefaults {
        var defaults = GenerationDefaults()
        defaults.temperature = try metadata.finite("general.sampling.temp", from: 0)
        defaults.topP = try metadata.finite("general.sampling.top_p", from: 0)
        defaults.topK = try metadata.integer("general.sampling.top_k", in: 0...ModelLimits.vocabulary.upperBound)
        defaults.beginID = text.beginID
        for id in [text.endID, text.endOfTurnID, text.endOfMessageID] {
            if let id, !defaults.endIDs.contains(id) { defaults.endIDs.append(id) }
        }
        return defaults
    }

    private func tokens() throws(CheckpointError) -> PackedStrings {
        let tokens = try metadata.required(Key.tokens, try metadata.strings(Key.tokens))
        guard ModelLimits.vocabulary.contains(tokens.count) else {
            throw .outOfRange(
                metadata.place(Key.tokens), allowed: 1...UInt64(ModelLimits.vocabulary.upperBound),
                got: UInt64(tokens.count))
        }
        for id in tokens.indices where tokens.length(at: id) > GGUFLimits.tokenBytes {
            throw .outOfRange(
                metadata.place("\(Key.tokens)[\(id)]"), allowed: 0...UInt64(GGUFLimits.tokenBytes),
                got: UInt64(tokens.length(at: id)))
        }
        return tokens
    }

    private func tokenTypes(count: Int) throws(CheckpointError) -> [Int32] {
        if let scores = try metadata.numbers(Key.scores) { try check(scores.count, Key.scores, count) }
        guard let numbers = try metadata.numbers(Key.types) else { return [] }
        try check(numbers.count, Key.types, count)
        guard let types = numbers.int32s else {
            throw .malformed(metadata.place(Key.types), reason: "must be an array of 32-bit integers")
        }
        return types
    }

    private func check(_ length: Int, _ key: String, _ tokens: Int) throws(CheckpointError) {
        guard length == tokens else {
            throw .malformed(metadata.place(key), reason: "has \(length) elements for \(tokens) tokens")
        }
    }

    private func id(_ key: String, _ tokens: Int) throws(CheckpointError) -> Int32? {
        try metadata.integer(key, in: 0...tokens - 1).map(Int32.init)
    }
}

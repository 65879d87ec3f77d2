/// The `tokenizer.ggml.*` metadata of a GGUF file, as it was read.
package struct GGUFVocabulary: Sendable {
    /// `model`
    package var model: String
    /// `pre`
    package var preTokenizer: String?
    /// `tokens`, UTF-8 in the byte alphabet of GPT-2; position is the id.
    package var tokens: [[UInt8]]
    /// `token_type`, empty where the file has none.
    package var tokenTypes: [Int32]
    /// `merges`, "left right" in the byte alphabet, best first; empty where ids are in merge order.
    package var merges: [[UInt8]]
    /// `bos_token_id`
    package var beginID: Int?
    /// `eos_token_id`, `eot_token_id`, `eom_token_id`, by their keys.
    package var endIDs: [(key: String, id: Int)]
    /// `padding_token_id`
    package var paddingID: Int?
    /// `add_bos_token`
    package var addsBegin: Bool?

    package init(
        model: String, preTokenizer: String?, tokens: [[UInt8]], tokenTypes: [Int32] = [], merges: [[UInt8]] = [],
        beginID: Int? = nil, endIDs: [(key: String, id: Int)] = [], paddingID: Int? = nil, addsBegin: Bool? = nil
    ) {
        self.model = model
        self.preTokenizer = preTokenizer
        self.tokens = tokens
        self.tokenTypes = tokenTypes
        self.merges = merges
        self.beginID = beginID
        self.endIDs = endIDs
        self.paddingID = paddingID
        self.addsBegin = addsBegin
    }
}

extension Vocabulary {
    private static let preTokenizers = ["llama-bpe", "llama3", "llama-v3"]

    package init(_ source: GGUFVocabulary) throws(VocabularyError) {
        try Self.checkShape(of: source)
        var parts = Parts(field: "tokenizer.ggml.tokens")
        for (id, token) in source.tokens.enumerated() {
            let kind = source.tokenTypes.isEmpty ? .normal : try Self.kind(source.tokenTypes[id], at: id)
            try parts.append(kind == .normal ? Self.decoded(token, at: id) : token, kind)
        }
        try parts.indexTokens()
        parts.merges = try Self.merges(source.merges, in: parts.table)
        parts.beginID = try parts.check(source.beginID, field: "tokenizer.ggml.bos_token_id")
        parts.paddingID = try parts.check(source.paddingID, field: "tokenizer.ggml.padding_token_id")
        for end in source.endIDs {
            if let id = try parts.check(end.id, field: end.key) { parts.endIDs.append(id) }
        }
        // Llama 3's converters leave the flag out, and its models want the token.
        parts.addsBegin = source.addsBegin ?? true
        try self.init(parts)
    }

    private static func checkShape(of source: GGUFVocabulary) throws(VocabularyError) {
        guard source.model == "gpt2" else {
            throw .unsupported(field: "tokenizer.ggml.model", got: source.model, supported: ["gpt2"])
        }
        guard let preTokenizer = source.preTokenizer, preTokenizers.contains(preTokenizer) else {
            let got = source.preTokenizer ?? "none"
            throw .unsupported(field: "tokenizer.ggml.pre", got: got, supported: preTokenizers)
        }
        guard source.tokens.count <= Limit.tokens else {
            throw .tooLarge(field: "tokenizer.ggml.tokens", limit: Limit.tokens, got: source.tokens.count)
        }
        guard source.tokenTypes.isEmpty || source.tokenTypes.count == source.tokens.count else {
            throw .lengthMismatch(
                field: "tokenizer.ggml.token_type", expected: source.tokens.count, got: source.tokenTypes.count)
        }
        guard source.merges.count <= Limit.merges else {
            throw .tooLarge(field: "tokenizer.ggml.merges", limit: Limit.merges, got: source.merges.count)
        }
    }

    /// GGUF's numbers: 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte.
    ///
    /// User-defined tokens (`<|im_start|>` is one in some models) count as special: text of a user that forged them
    /// would forge a turn.
    private static func kind(_ type: Int32, at id: Int) throws(VocabularyError) -> Kind {
        switch type {
        case 1, 6: .normal
        case 3, 4: .special
        case 2, 5: .unused
        default:
            throw .invalid(field: "tokenizer.ggml.token_type[\(id)]", reason: "unknown type \(type)")
        }
    }

    private static func decoded(_ token: [UInt8], at id: Int) throws(VocabularyError) -> [UInt8] {
        guard let bytes = ByteAlphabet.bytes(of: token) else {
            throw .invalid(field: "tokenizer.ggml.tokens[\(id)]", reason: "a character outside the byte alphabet")
        }
        return bytes
    }

    private static func merges(_ lines: [[UInt8]], in table: TokenTable) throws(VocabularyError) -> MergeTable? {
        guard !lines.isEmpty else { return nil }
        var merges = MergeTable(capacity: lines.count)
        for (rank, line) in lines.enumerated() {
            func field() -> String { "tokenizer.ggml.merges[\(rank)]" }
            guard let space = line.firstIndex(of: UInt8(ascii: " ")) else {
                throw .invalid(field: field(), reason: "not two tokens with a space between them")
            }
            try merges.append(line[..<space], line[(space + 1)...], in: table, field: field())
        }
        return merges
    }
}

extension MergeTable {
    /// Adds a pair that is written in the byte alphabet.
    mutating func append(
        _ left: some Collection<UInt8>, _ right: some Collection<UInt8>, in table: TokenTable,
        field: @autoclosure () -> String
    ) throws(VocabularyError) {
        var both: [UInt8] = []
        guard ByteAlphabet.append(left, to: &both) else { throw .unknownToken(field: field()) }
        let cut = both.count
        guard ByteAlphabet.append(right, to: &both) else { throw .unknownToken(field: field()) }
        let ids = both.withUnsafeBufferPointer { bytes in
            (
                table.id(of: UnsafeBufferPointer(rebasing: bytes[..<cut])),
                table.id(of: UnsafeBufferPointer(rebasing: bytes[cut...])), table.id(of: bytes)
            )
        }
        guard case (let left?, let right?, let result?) = ids else { throw .unknownToken(field: field()) }
        append(left, right, result: result)
    }
}

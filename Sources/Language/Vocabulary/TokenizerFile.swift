import JSON

extension Vocabulary {
    /// Reads a tokenizer.json (Hugging Face tokenizers). What would change the ids and is not done here is refused by
    /// its name: another splitter, a normalizer, byte fallback, added tokens that eat white space.
    package init(
        tokenizerFile bytes: [UInt8], configuration: TokenizerConfiguration = TokenizerConfiguration()
    ) throws(VocabularyError) {
        guard bytes.count <= Limit.fileBytes else {
            throw .tooLarge(field: "tokenizer.json", limit: Limit.fileBytes, got: bytes.count)
        }
        let document: JSONValue
        do throws(JSONError) {
            // 128k tokens and 280k merges, each an array of two, are a million values.
            document = try JSONValue(parsing: bytes, limits: JSONLimits(depth: 64, nodes: 32_000_000))
        } catch {
            throw .unreadable(field: "tokenizer.json", reason: error.description)
        }
        try self.init(tokenizerDocument: document, configuration: configuration)
    }

    private init(
        tokenizerDocument document: JSONValue, configuration: TokenizerConfiguration
    ) throws(VocabularyError) {
        let file = try TokenizerFile(document)
        try file.checkUnsupported()
        var parts = Parts(field: "model.vocab")
        try file.appendTokens(to: &parts)
        try parts.indexTokens()
        parts.merges = try file.merges(in: parts.table)
        parts.ignoresMerges = file.model["ignore_merges"]?.bool ?? false
        let ids = file.addedIDs
        parts.beginID = try Self.id(of: configuration.beginText, in: ids, field: "bos_token")
        parts.paddingID = try Self.id(of: configuration.paddingText, in: ids, field: "pad_token")
        if let end = try Self.id(of: configuration.endText, in: ids, field: "eos_token") { parts.endIDs = [end] }
        let first = try file.firstSpecialOfTemplate()
        if parts.beginID == nil { parts.beginID = try Self.id(of: first, in: ids, field: "post_processor") }
        parts.addsBegin = configuration.addsBegin ?? (first != nil)
        try self.init(parts)
    }

    private static func id(
        of text: String?, in ids: [[UInt8]: Int], field: String
    ) throws(VocabularyError) -> Int32? {
        guard let text else { return nil }
        guard let id = ids[Array(text.utf8)] else { throw .unknownToken(field: field) }
        return Int32(id)
    }
}

/// The sections of a tokenizer.json that decide about ids.
private struct TokenizerFile {
    let root: JSONObject
    let model: JSONObject
    let added: [JSONValue]

    /// The Llama 3 pattern as Meta writes it, and with the case spelled out.
    private static let patterns = [
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"#
            + #"|\s+(?!\S)|\s+"#,
        #"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"#
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
    ]

    init(_ document: JSONValue) throws(VocabularyError) {
        guard let root = document.object else {
            throw .invalid(field: "tokenizer.json", reason: "\(document.kind) instead of an object")
        }
        guard let model = root["model"]?.object else { throw .missing(field: "model") }
        self.root = root
        self.model = model
        self.added = root["added_tokens"]?.array ?? []
    }

    // MARK: What is not supported

    func checkUnsupported() throws(VocabularyError) {
        try require(model["type"] ?? "BPE", "model.type", is: "BPE")
        for name in ["byte_fallback"] { try require(model[name] ?? false, "model.\(name)", is: false) }
        for name in ["continuing_subword_prefix", "end_of_word_suffix"] where model[name]?.string != "" {
            try require(model[name] ?? .null, "model.\(name)", is: .null)
        }
        try require(model["dropout"] ?? .null, "model.dropout", is: .null)
        if let normalizer = root["normalizer"], !normalizer.isNull {
            guard normalizer.object?["normalizers"]?.array?.isEmpty == true else {
                throw unsupported("normalizer", normalizer, ["null"])
            }
        }
        try checkPreTokenizer()
    }

    private func checkPreTokenizer() throws(VocabularyError) {
        let field = "pre_tokenizer"
        let steps = root[field]?.object?["pretokenizers"]?.array ?? []
        guard root[field]?.object?["type"] == "Sequence", steps.count == 2, let split = steps[0].object,
            split["type"] == "Split", let bytes = steps[1].object, bytes["type"] == "ByteLevel"
        else { throw unsupported(field, root[field] ?? .null, ["Sequence of Split and ByteLevel"]) }
        let pattern = split["pattern"]?.object?["Regex"]?.string ?? ""
        guard Self.patterns.contains(where: { $0.utf8.elementsEqual(pattern.utf8) }) else {
            throw .unsupported(
                field: "pre_tokenizer.Split.pattern", got: "\(pattern.prefix(200))", supported: ["Llama 3"])
        }
        try require(split["behavior"] ?? .null, "pre_tokenizer.Split.behavior", is: "Isolated")
        try require(split["invert"] ?? false, "pre_tokenizer.Split.invert", is: false)
        try require(bytes["add_prefix_space"] ?? true, "pre_tokenizer.ByteLevel.add_prefix_space", is: false)
        try require(bytes["use_regex"] ?? true, "pre_tokenizer.ByteLevel.use_regex", is: false)
    }

    private func require(_ value: JSONValue, _ field: String, is wanted: JSONValue) throws(VocabularyError) {
        guard value == wanted else { throw unsupported(field, value, [Self.text(wanted)]) }
    }

    private func unsupported(_ field: String, _ value: JSONValue, _ supported: [String]) -> VocabularyError {
        .unsupported(field: field, got: Self.text(value), supported: supported)
    }

    private static func text(_ value: JSONValue) -> String {
        String(String(decoding: value.serialized, as: UTF8.self).prefix(200))
    }

    // MARK: Tokens

    /// Ids of added tokens by their bytes. Of two equal texts the first counts; equal ones are refused later.
    var addedIDs: [[UInt8]: Int] {
        var ids: [[UInt8]: Int] = [:]
        for token in added {
            guard let token = token.object, let id = token["id"]?.integer, let text = token["content"]?.string,
                ids[Array(text.utf8)] == nil
            else { continue }
            ids[Array(text.utf8)] = Int(id)
        }
        return ids
    }

    /// Both lists in id order; ids that neither names stay unused.
    func appendTokens(to parts: inout Vocabulary.Parts) throws(VocabularyError) {
        guard let vocab = model["vocab"]?.object else { throw .missing(field: "model.vocab") }
        guard added.count <= Vocabulary.Limit.specialTokens else {
            throw .tooLarge(field: "added_tokens", limit: Vocabulary.Limit.specialTokens, got: added.count)
        }
        var entries: [(bytes: [UInt8], kind: Vocabulary.Kind)?] = []
        func place(_ bytes: [UInt8], _ kind: Vocabulary.Kind, _ id: Int, _ field: String) throws(VocabularyError) {
            guard (0..<Vocabulary.Limit.tokens).contains(id) else {
                throw .idOutsideVocabulary(field: field, id: id, count: Vocabulary.Limit.tokens)
            }
            while entries.count <= id { entries.append(nil) }
            guard entries[id] == nil else { throw .invalid(field: field, reason: "id \(id) is taken twice") }
            entries[id] = (bytes, kind)
        }
        var special = Set<[UInt8]>()
        for (position, token) in added.enumerated() {
            let (bytes, id) = try addedToken(token, at: position)
            special.insert(bytes)
            try place(bytes, .special, id, "added_tokens[\(position)]")
        }
        for member in vocab.members {
            let text = Array(member.name.utf8)
            let field = "model.vocab[\(member.name.prefix(64))]"
            guard let id = member.value.integer else { throw .invalid(field: field, reason: "not an id") }
            // Some files list their added tokens here as well, under the same id.
            if special.contains(text), entries.indices.contains(Int(id)), entries[Int(id)]?.bytes == text { continue }
            guard let bytes = ByteAlphabet.bytes(of: text) else {
                throw .invalid(field: field, reason: "a character outside the byte alphabet")
            }
            try place(bytes, .normal, Int(id), field)
        }
        for entry in entries { try parts.append(entry?.bytes ?? [], entry?.kind ?? .unused) }
    }

    private func addedToken(_ token: JSONValue, at position: Int) throws(VocabularyError) -> ([UInt8], Int) {
        let field = "added_tokens[\(position)]"
        guard let token = token.object, let id = token["id"]?.integer, let text = token["content"]?.string else {
            throw .invalid(field: field, reason: "needs an id and a content")
        }
        guard !text.isEmpty else { throw .invalid(field: field, reason: "an empty token") }
        for name in ["single_word", "lstrip", "rstrip"] {
            try require(token[name] ?? false, "\(field).\(name)", is: false)
        }
        return (Array(text.utf8), Int(id))
    }

    // MARK: Merges and the prompt's start

    func merges(in table: TokenTable) throws(VocabularyError) -> MergeTable {
        let list = model["merges"]?.array ?? []
        guard list.count <= Vocabulary.Limit.merges else {
            throw .tooLarge(field: "model.merges", limit: Vocabulary.Limit.merges, got: list.count)
        }
        var merges = MergeTable(capacity: list.count)
        for (rank, entry) in list.enumerated() {
            func field() -> String { "model.merges[\(rank)]" }
            if let line = entry.string?.utf8, let space = line.firstIndex(of: UInt8(ascii: " ")) {
                try merges.append(line[..<space], line[line.index(after: space)...], in: table, field: field())
            } else if let pair = entry.array, pair.count == 2, let left = pair[0].string, let right = pair[1].string {
                try merges.append(left.utf8, right.utf8, in: table, field: field())
            } else {
                throw .invalid(field: field(), reason: "not two tokens")
            }
        }
        return merges
    }

    /// The special token that `TemplateProcessing` puts before a prompt. Anything else it adds is refused.
    func firstSpecialOfTemplate() throws(VocabularyError) -> String? {
        guard let processor = root["post_processor"]?.object else { return nil }
        let steps = processor["processors"]?.array ?? [.object(processor)]
        var first: String?
        for step in steps where step.object?["type"] == "TemplateProcessing" {
            let single = step.object?["single"]?.array ?? []
            let names = single.map { $0.object?["SpecialToken"]?.object?["id"]?.string }
            switch names.count {
            case 1 where names[0] == nil: break
            case 2 where names[0] != nil && names[1] == nil: first = names[0]
            default:
                throw .unsupported(
                    field: "post_processor.single", got: Self.text(.array(single)),
                    supported: ["begin token, then text"])
            }
        }
        return first
    }
}

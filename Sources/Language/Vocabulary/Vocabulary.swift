/// The tokens of a model: bytes to id and back, merges, and the ids with a meaning. Checked when made, so that
/// encoding and decoding never fail.
package struct Vocabulary: Sendable {
    /// Bounds on what a model file may ask for; Llama 3 has 128,256 tokens, the longest of 128 bytes.
    package enum Limit {
        package static let tokens = 1 << 21
        package static let tokenBytes = 64 * 1024
        package static let allTokenBytes = 256 << 20
        package static let merges = 1 << 23
        package static let specialTokens = 65_536
        package static let fileBytes = 256 << 20
    }

    enum Kind: Sendable {
        /// Made from text by merging.
        case normal
        /// Only ever made from a template's own text or by the model, never from a user's.
        case special
        /// A row of the embedding table that no text leads to.
        case unused
    }

    /// Every token's bytes; finds the normal ones.
    private(set) var table: TokenTable
    /// Finds the special ones; positions are those of `specialIDs`.
    private(set) var specials: TokenTable
    private(set) var specialIDs: [Int32]
    /// Lengths of special tokens, longest first.
    private(set) var specialLengths: [Int]
    /// (256) whether a special token starts with this byte.
    private var specialStarts: [Bool]
    private let kinds: [Kind]
    /// (256) the token of each single byte.
    private(set) var byteIDs: [Int32]
    /// nil: any two tokens whose bytes together are a token merge, lowest id first (Llama 3's own definition).
    private(set) var merges: MergeTable?
    /// A piece that is a token is that token, even where merging would not lead there.
    let ignoresMerges: Bool

    /// The token before every prompt.
    package let beginID: Int32?
    /// Tokens that end an answer, rising.
    package let endIDs: [Int32]
    package let paddingID: Int32?
    /// Encoding a plain prompt starts with `beginID`.
    package let addsBegin: Bool

    package var count: Int { kinds.count }

    /// Bytes of a token, the text of the control token for those; empty for an id outside the vocabulary.
    package func bytes(of id: Int32) -> ArraySlice<UInt8> {
        guard kinds.indices.contains(Int(id)) else { return [] }
        return table.bytes[table.range(of: Int(id))]
    }

    package func isSpecial(_ id: Int32) -> Bool {
        kinds.indices.contains(Int(id)) && kinds[Int(id)] != .normal
    }

    /// The first id that means something else in another vocabulary; nil where both are the same. Ids that no text leads
    /// to have no bytes to compare: files name them as they like, some as control tokens.
    package func firstDifference(from other: Vocabulary) -> Int32? {
        let all = Int32(truncatingIfNeeded: max(count, other.count))
        return (0..<all).first { id in
            let (kind, otherKind) = (kind(of: id), other.kind(of: id))
            let isComparable = kind != .unused && otherKind != .unused
            return (kind == .normal) != (otherKind == .normal) || isComparable && bytes(of: id) != other.bytes(of: id)
        }
    }

    private func kind(of id: Int32) -> Kind { kinds.indices.contains(Int(id)) ? kinds[Int(id)] : .unused }

    func startsSpecial(_ byte: UInt8) -> Bool { specialStarts[Int(byte)] }

    /// Id of the special token with this text.
    package func special(_ text: String) -> Int32? {
        specials.id(of: Array(text.utf8)).map { specialIDs[Int($0)] }
    }

    /// Texts that end an answer in models of this family, whatever their metadata says: GGUF has room for one end
    /// token only, and Llama 3.1 stops at three.
    static let endTexts = ["<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|im_end|>", "<|endoftext|>"]
}

extension Vocabulary {
    /// The same content whatever file it came from.
    struct Parts {
        var table = TokenTable()
        var kinds: [Kind] = []
        var merges: MergeTable?
        var ignoresMerges = true
        var beginID: Int32?
        var endIDs: [Int32] = []
        var paddingID: Int32?
        var addsBegin = true
        /// Name of the token list in errors.
        let field: String

        init(field: String) { self.field = field }

        mutating func append(_ token: some Collection<UInt8>, _ kind: Kind) throws(VocabularyError) {
            guard token.count <= Limit.tokenBytes else {
                throw .tooLarge(field: "\(field)[\(kinds.count)]", limit: Limit.tokenBytes, got: token.count)
            }
            guard table.bytes.count + token.count <= Limit.allTokenBytes else {
                throw .tooLarge(field: field, limit: Limit.allTokenBytes, got: table.bytes.count + token.count)
            }
            guard !token.isEmpty || kind == .unused else {
                throw .invalid(field: "\(field)[\(kinds.count)]", reason: "an empty token")
            }
            table.append(token)
            kinds.append(kind)
        }

        mutating func indexTokens() throws(VocabularyError) {
            if let pair = table.index(kinds.indices.filter { kinds[$0] == .normal }) {
                throw .duplicateToken(field: field, first: pair.first, second: pair.second)
            }
        }

        func check(_ id: Int?, field: String) throws(VocabularyError) -> Int32? {
            guard let id else { return nil }
            guard kinds.indices.contains(id) else {
                throw .idOutsideVocabulary(field: field, id: id, count: kinds.count)
            }
            return Int32(id)
        }
    }

    /// `parts.table` must have been indexed.
    init(_ parts: Parts) throws(VocabularyError) {
        table = parts.table
        kinds = parts.kinds
        merges = parts.merges
        ignoresMerges = parts.ignoresMerges
        beginID = parts.beginID
        paddingID = parts.paddingID
        addsBegin = parts.addsBegin && parts.beginID != nil

        var specials = TokenTable()
        let specialIDs = parts.kinds.indices.filter { parts.kinds[$0] == .special }
        guard specialIDs.count <= Limit.specialTokens else {
            throw .tooLarge(field: "special tokens", limit: Limit.specialTokens, got: specialIDs.count)
        }
        for id in specialIDs { specials.append(parts.table.bytes[parts.table.range(of: id)]) }
        if let pair = specials.index(0..<specials.count) {
            throw .duplicateToken(field: parts.field, first: specialIDs[pair.first], second: specialIDs[pair.second])
        }
        self.specials = specials
        self.specialIDs = specialIDs.map { Int32($0) }
        specialLengths = Set(specialIDs.map { parts.table.range(of: $0).count }).sorted(by: >)
        specialStarts = [Bool](repeating: false, count: 256)
        for id in specialIDs { specialStarts[Int(parts.table.bytes[parts.table.range(of: id).lowerBound])] = true }

        byteIDs = []
        for byte in UInt8.min...UInt8.max {
            guard let id = parts.table.id(of: [byte]) else { throw .missingByte(byte) }
            byteIDs.append(id)
        }
        let named = Self.endTexts.compactMap { specials.id(of: Array($0.utf8)) }.map { Int32(specialIDs[Int($0)]) }
        endIDs = Set(parts.endIDs + named).sorted()
    }
}

import JSON
import Language
import Testing

@Suite struct VocabularyTests {
    /// A file with one token per byte; `change` makes it wrong.
    private static func source(_ change: (inout GGUFVocabulary) -> Void = { _ in }) -> GGUFVocabulary {
        let own = (0...255).filter { (33...126).contains($0) || (161...172).contains($0) || $0 >= 174 }
        let rest = (0...255).filter { !own.contains($0) }
        var letters = own.map { String(Unicode.Scalar(UInt8($0))) }
        for position in rest.indices { letters.append(Unicode.Scalar(UInt32(256 + position)).map { String($0) } ?? "") }
        let texts = letters + ["ab", "abc", "bc", "<|begin_of_text|>", "<|eot_id|>"]
        var source = GGUFVocabulary(
            model: "gpt2", preTokenizer: "llama-bpe", tokens: texts.map { Array($0.utf8) },
            tokenTypes: Array(repeating: 1, count: 259) + [3, 3], beginID: 259, endIDs: [("eos_token_id", 260)])
        change(&source)
        return source
    }

    private static func refusal(_ change: (inout GGUFVocabulary) -> Void) -> VocabularyError? {
        do throws(VocabularyError) {
            _ = try Vocabulary(source(change))
            return nil
        } catch {
            return error
        }
    }

    @Test func `follows the ranks of merges where there are some`() throws {
        let ordered = Tokenizer(try Vocabulary(Self.source()))
        #expect(ordered.encode("zabc") == [89, 257])
        let ranked = Tokenizer(try Vocabulary(Self.source { $0.merges = [Array("b c".utf8), Array("a b".utf8)] }))
        #expect(ranked.encode("zabc") == [89, 64, 258])
    }

    @Test func `tells where another means something else`() throws {
        let vocabulary = try Vocabulary(Self.source())
        let difference = { (change: (inout GGUFVocabulary) -> Void) in
            let other = try Vocabulary(Self.source(change))
            #expect(vocabulary.firstDifference(from: other) == other.firstDifference(from: vocabulary))
            return vocabulary.firstDifference(from: other)
        }
        #expect(try difference { $0.beginID = nil } == nil)
        #expect(try difference { $0.tokens[257] = Array("abd".utf8) } == 257)
        #expect(try difference { $0.tokenTypes[258] = 3 } == 258)
        #expect(try difference { $0.tokens[260] = Array("<|eom_id|>".utf8) } == 260)
        let longer = { (kind: Int, source: inout GGUFVocabulary) in
            source.tokens.append(Array("more".utf8))
            source.tokenTypes.append(numericCast(kind))
        }
        #expect(try difference { longer(1, &$0) } == 261)
        #expect(try difference { longer(5, &$0) } == nil)
    }

    @Test func `refuses by name what it cannot be`() {
        #expect(
            Self.refusal { $0.model = "llama" }
                == .unsupported(field: "tokenizer.ggml.model", got: "llama", supported: ["gpt2"]))
        #expect(
            Self.refusal { $0.preTokenizer = "qwen2" }
                == .unsupported(
                    field: "tokenizer.ggml.pre", got: "qwen2", supported: ["llama-bpe", "llama3", "llama-v3"]))
    }

    @Test func `refuses lists that do not fit each other`() {
        #expect(
            Self.refusal { $0.tokenTypes.removeLast() }
                == .lengthMismatch(field: "tokenizer.ggml.token_type", expected: 261, got: 260))
        #expect(
            Self.refusal { $0.merges = [Array("a q q".utf8)] } == .unknownToken(field: "tokenizer.ggml.merges[0]"))
        #expect(
            Self.refusal { $0.beginID = 261 }
                == .idOutsideVocabulary(field: "tokenizer.ggml.bos_token_id", id: 261, count: 261))
        #expect(
            Self.refusal { $0.endIDs = [("eos_token_id", -1)] }
                == .idOutsideVocabulary(field: "eos_token_id", id: -1, count: 261))
    }

    @Test func `refuses wrong tokens`() {
        let field = "tokenizer.ggml.tokens"
        #expect(
            Self.refusal { $0.tokens[257] = Array("ab".utf8) } == .duplicateToken(field: field, first: 256, second: 257)
        )
        #expect(
            Self.refusal { $0.tokens[260] = $0.tokens[259] } == .duplicateToken(field: field, first: 259, second: 260))
        #expect(
            Self.refusal { $0.tokens[256] = Array(repeating: 65, count: 65_537) }
                == .tooLarge(field: "\(field)[256]", limit: 65_536, got: 65_537))
        #expect(Self.refusal { $0.tokens[256] = [] } == .invalid(field: "\(field)[256]", reason: "an empty token"))
        #expect(Self.refusal { $0.tokens[0] = Array("zz".utf8) } == .missingByte(33))
        #expect(
            Self.refusal { $0.tokens[256] = Array("a b".utf8) }
                == .invalid(field: "\(field)[256]", reason: "a character outside the byte alphabet"))
    }

    // MARK: tokenizer.json

    private static func refusal(replacing old: String, with new: String) throws -> VocabularyError? {
        let text = String(decoding: try SharedData.fixture("tokenizer.json"), as: UTF8.self)
        let changed = text.replacing(old, with: new, maxReplacements: 1)
        #expect(changed != text)
        do throws(VocabularyError) {
            _ = try Vocabulary(tokenizerFile: Array(changed.utf8))
            return nil
        } catch {
            return error
        }
    }

    @Test func `reads a tokenizer file`() throws {
        let configuration = try TokenizerConfiguration(
            JSONValue(parsing: try SharedData.fixture("tokenizer_config.json")))
        let file = try SharedData.fixture("tokenizer.json")
        let tokenizer = Tokenizer(try Vocabulary(tokenizerFile: file, configuration: configuration))
        #expect(tokenizer.vocabulary.beginID == 453)
        #expect(tokenizer.vocabulary.addsBegin)
        #expect(tokenizer.encodePrompt("Hello world, it's 12345 here") == Self.helloIDs)
        #expect(tokenizer.encodePrompt("naïve\n\n  x") == Self.naiveIDs)
    }

    /// From PyPI's tokenizers 0.23.3.
    private static let helloIDs: [Int32] = [
        453, 39, 68, 75, 75, 78, 220, 86, 78, 81, 75, 67, 11, 372, 288, 220, 16, 17, 18, 19, 20, 220, 71, 256, 68,
    ]
    private static let naiveIDs: [Int32] = [453, 403, 363, 220, 367]

    @Test func `refuses a tokenizer file that would give other ids`() throws {
        guard
            case .unsupported("pre_tokenizer.Split.pattern", _, _) = try Self.refusal(replacing: "{1,3}", with: "{1,2}")
        else { return #expect(Bool(false)) }
        let normalizer = try Self.refusal(
            replacing: "\"normalizer\": null", with: "\"normalizer\": {\"type\": \"NFC\"}")
        #expect(
            normalizer == .unsupported(field: "normalizer", got: "{\"type\":\"NFC\"}", supported: ["null"]))
        let fallback = try Self.refusal(replacing: "\"byte_fallback\": false", with: "\"byte_fallback\": true")
        #expect(fallback == .unsupported(field: "model.byte_fallback", got: "true", supported: ["false"]))
        let empty = try Self.refusal(replacing: "\"content\": \"<|begin_of_text|>\"", with: "\"content\": \"\"")
        #expect(empty == .invalid(field: "added_tokens[0]", reason: "an empty token"))
    }
}

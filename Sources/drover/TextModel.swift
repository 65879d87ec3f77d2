import Foundation
import JSON
import Language
import Model

/// A model's text side: tokenizer, and the chat template if it has a usable one.
struct TextModel {
    let tokenizer: Tokenizer
    let template: ChatTemplate?
    /// Why there is no template, for the log; conversations are refused then, plain completions work.
    let templateProblem: String?

    /// - Parameter templateFile: takes the place of the model's own template, and must be right.
    init(_ assets: TextAssets, templateFile: String? = nil) throws {
        let parts = try Parts(assets)
        tokenizer = Tokenizer(parts.vocabulary)
        if let templateFile {
            let source = try String(contentsOfFile: templateFile, encoding: .utf8)
            template = try ChatTemplate(source, special: parts.special)
            templateProblem = nil
            return
        }
        do throws(TemplateError) {
            template = try ChatTemplate(parts.template ?? ChatTemplate.llama3Source, special: parts.special)
            templateProblem = nil
        } catch {
            template = nil
            templateProblem = "the model's chat template cannot be used, conversations are refused: \(error)"
        }
    }

    /// The vocabulary alone, of a model that is never asked for text.
    static func vocabulary(of assets: TextAssets) throws -> Vocabulary { try Parts(assets).vocabulary }

    /// The same things from either kind of file.
    private struct Parts {
        let vocabulary: Vocabulary
        let special: ChatTemplate.SpecialTexts
        let template: String?

        init(_ assets: TextAssets) throws {
            switch assets {
            case .gguf(let assets): try self.init(assets)
            case .huggingFace(let assets): try self.init(assets)
            }
        }

        init(_ assets: GGUFTextAssets) throws {
            vocabulary = try Vocabulary(GGUFVocabulary(assets))
            special = ChatTemplate.SpecialTexts(
                begin: Self.text(of: assets.beginID, in: vocabulary), end: Self.text(of: assets.endID, in: vocabulary))
            template = assets.chatTemplate
        }

        init(_ assets: HuggingFaceTextAssets) throws {
            let configuration = try assets.tokenizerConfig.map { try TokenizerConfiguration(JSONValue(parsing: $0)) }
            vocabulary = try Vocabulary(
                tokenizerFile: assets.tokenizer, configuration: configuration ?? TokenizerConfiguration())
            special = ChatTemplate.SpecialTexts(
                begin: configuration?.beginText ?? Self.text(of: vocabulary.beginID, in: vocabulary),
                end: configuration?.endText)
            template = assets.chatTemplate ?? configuration?.chatTemplate
        }

        private static func text(of id: Int32?, in vocabulary: Vocabulary) -> String? {
            id.map { String(decoding: vocabulary.bytes(of: $0), as: UTF8.self) }
        }
    }
}

extension GGUFVocabulary {
    fileprivate init(_ assets: GGUFTextAssets) {
        let ends: [(key: String, id: Int32?)] = [
            ("tokenizer.ggml.eos_token_id", assets.endID), ("tokenizer.ggml.eot_token_id", assets.endOfTurnID),
            ("tokenizer.ggml.eom_token_id", assets.endOfMessageID),
        ]
        self.init(
            model: assets.model, preTokenizer: assets.preTokenizer,
            tokens: assets.tokens.indices.map { Array(assets.tokens.bytes(at: $0)) }, tokenTypes: assets.tokenTypes,
            merges: assets.merges.indices.map { Array(assets.merges.bytes(at: $0)) },
            beginID: assets.beginID.map(Int.init),
            endIDs: ends.compactMap { end in end.id.map { (end.key, Int($0)) } },
            paddingID: assets.paddingID.map(Int.init), addsBegin: assets.addsBegin)
    }
}

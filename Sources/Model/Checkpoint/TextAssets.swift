/// What a model brings to turn text into tokens and back, not interpreted yet.
package enum TextAssets: Sendable {
    case gguf(GGUFTextAssets)
    case huggingFace(HuggingFaceTextAssets)
}

/// The `tokenizer.*` metadata of a GGUF file.
///
/// Checked here: there is one token for each row of the embedding table, per-token arrays are as long, no token is
/// longer than 64 KiB, special ids lie in the vocabulary. Equal tokens and merges of unknown tokens are the
/// vocabulary's to refuse, and so is a `preTokenizer` it has no splitter for.
package struct GGUFTextAssets: Sendable, Equatable {
    /// `tokenizer.ggml.model`: always "gpt2", byte-level BPE.
    package var model: String
    /// `tokenizer.ggml.pre`, which names the splitter: "llama-bpe".
    package var preTokenizer: String?
    /// In the byte-to-character mapping of GPT-2; position is the id.
    package var tokens: PackedStrings
    /// 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte; empty where the file has none.
    package var tokenTypes: [Int32]
    /// "left right", best first; empty where the file has none.
    package var merges: PackedStrings
    package var beginID: Int32?
    package var endID: Int32?
    package var endOfTurnID: Int32?
    package var endOfMessageID: Int32?
    package var paddingID: Int32?
    /// `tokenizer.ggml.add_bos_token`
    package var addsBegin: Bool?
    package var chatTemplate: String?
}

/// The tokenizer files beside a safetensors model, as they lie on disk.
package struct HuggingFaceTextAssets: Sendable, Equatable {
    /// tokenizer.json
    package var tokenizer: [UInt8]
    /// tokenizer_config.json
    package var tokenizerConfig: [UInt8]?
    /// chat_template.jinja; older models keep the template in tokenizer_config.json.
    package var chatTemplate: String?
}

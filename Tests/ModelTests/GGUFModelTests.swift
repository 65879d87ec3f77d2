import Model
import Testing

/// Rows M15 to M19: files that are right as GGUF and wrong as a Llama.
struct GGUFModelTests {
    @Test func `reads shape, text and defaults`() throws {
        try GGUFBuilder.llama().build().withUnsafeBytes { bytes in
            let checkpoint = try Checkpoint(bytes: bytes, name: "dir/file.gguf")
            let model = checkpoint.configuration
            #expect(model.layers == 1 && model.width == 32 && model.feedForwardWidth == 64)
            #expect(model.heads == 2 && model.keyValueHeads == 1 && model.headSize == 16)
            #expect(model.vocabularySize == 8 && model.contextLength == 128 && model.tiedEmbeddings)
            #expect(model.normEpsilon == 1e-5 && model.ropeBase == 10_000)
            #expect(model.ropeDivisors == Array(repeating: 1, count: 8))
            #expect(checkpoint.name == "tiny" && checkpoint.fileCount == 1 && checkpoint.warnings.isEmpty)
            #expect(checkpoint.parameterCount == 8 * 32 + 3 * 32 + 2 * 32 * 32 + 2 * 16 * 32 + 3 * 64 * 32)
            #expect(checkpoint.generationDefaults.endIDs == [6] && checkpoint.generationDefaults.beginID == 5)
            #expect(checkpoint.storedTensors.count == 11)
            #expect(checkpoint.typeUse.map(\.tensors).reduce(0, +) == 11)
            #expect(checkpoint.typeUse.map(\.bytes).reduce(0, +) == checkpoint.byteCount)
            guard case .gguf(let text) = checkpoint.text else { throw Unexpected() }
            #expect(Array(text.tokens) == GGUFBuilder.tokens && Array(text.merges) == ["a b"])
            #expect(text.tokenTypes == [1, 1, 1, 1, 1, 3, 3, 1] && text.addsBegin == true)
            #expect(text.preTokenizer == "llama-bpe" && text.chatTemplate == "{{ messages }}")
            #expect(text.endOfTurnID == nil && text.paddingID == nil)
        }
    }

    struct Unexpected: Error {}

    @Test func `marks query and key rows as interleaved, and no others`() throws {
        try GGUFBuilder.llama().build().withUnsafeBytes { bytes in
            let checkpoint = try Checkpoint(bytes: bytes, name: "x")
            #expect(checkpoint.tensor(.layer(0, .query))?.rotaryLayout == .interleaved(headSize: 16))
            #expect(checkpoint.tensor(.layer(0, .key))?.rotaryLayout == .interleaved(headSize: 16))
            #expect(checkpoint.storedTensors.filter { $0.rotaryLayout != nil }.count == 2)
            #expect(checkpoint.tensor(.output) == nil && checkpoint.tensor(.layer(1, .query)) == nil)
        }
    }

    @Test func `takes an untied head, rope divisors, linear scaling and missing optional keys`() throws {
        var builder = GGUFBuilder.llama()
        builder.tensors.append(.init("output.weight", [32, 8], .q8_0))
        builder.remove("llama.attention.head_count_kv")
        builder.remove("llama.rope.freq_base")
        builder.remove("llama.vocab_size")
        builder.change("blk.0.attn_k.weight") { $0 = .init("blk.0.attn_k.weight", [32, 32], .f16) }
        builder.change("blk.0.attn_v.weight") { $0 = .init("blk.0.attn_v.weight", [32, 32], .f16) }
        builder.set("llama.rope.scaling.type", "linear")
        builder.set("llama.rope.scaling.factor", Float(4))
        try builder.build().withUnsafeBytes { bytes in
            let model = try Checkpoint(bytes: bytes, name: "x").configuration
            #expect(!model.tiedEmbeddings && model.keyValueHeads == 2 && model.ropeBase == 10_000)
            #expect(model.ropeDivisors == Array(repeating: 4, count: 8))
        }
        builder.remove("llama.rope.scaling.type")
        let divisors: [Float] = [1, 1, 1, 2, 3, 8, 8, 8]
        let data = divisors.flatMap { GGUFBuilder.bytes($0.bitPattern) }
        builder.tensors.insert(.init("rope_freqs.weight", [8], .f32, data: data), at: 0)
        try builder.build().withUnsafeBytes { bytes in
            let model = try Checkpoint(bytes: bytes, name: "x").configuration
            #expect(model.ropeDivisors == divisors)
        }
    }

    @Test func `warns of tensors that nothing uses, and of a missing end token`() throws {
        var builder = GGUFBuilder.llama()
        builder.tensors.append(.init("extra.weight", [32], .f32))
        builder.remove("tokenizer.ggml.eos_token_id")
        try builder.build().withUnsafeBytes { bytes in
            let warnings = try Checkpoint(bytes: bytes, name: "x").warnings
            #expect(warnings.count == 2 && warnings.contains { $0.contains("extra.weight") })
        }
    }

    static let numbers: [SpoiledModel] = [
        "llama.block_count", "llama.context_length", "llama.embedding_length", "llama.feed_forward_length",
        "llama.attention.head_count",
    ].flatMap { key in
        [
            SpoiledModel("\(key) missing", key) { $0.remove(key) },
            SpoiledModel("\(key) as text", key) { $0.set(key, "1") },
            SpoiledModel("\(key) as float", key) { $0.set(key, Float(1)) },
            SpoiledModel("\(key) 0", key) { $0.set(key, UInt32(0)) },
            SpoiledModel("\(key) -1", key) { $0.set(key, kind: 5, GGUFBuilder.bytes(Int32(-1))) },
            SpoiledModel("\(key) 2^31", key) { $0.set(key, UInt32(1) << 31) },
            SpoiledModel("\(key) 2^40", key) { $0.set(key, kind: 10, GGUFBuilder.bytes(UInt64(1) << 40)) },
            SpoiledModel("\(key) 2^64 - 1", key) { $0.set(key, kind: 10, GGUFBuilder.bytes(UInt64.max)) },
        ]
    }

    private static let epsilon = "llama.attention.layer_norm_rms_epsilon"

    static let shapes: [SpoiledModel] = [
        SpoiledModel("3 heads of width 32", "llama.attention.head_count") {
            $0.set("llama.attention.head_count", UInt32(3))
            $0.set("llama.attention.head_count_kv", UInt32(1))
        },
        SpoiledModel("0 K/V heads", "llama.attention.head_count_kv") {
            $0.set("llama.attention.head_count_kv", UInt32(0))
        },
        SpoiledModel("K/V heads that do not divide", "llama.attention.head_count_kv") {
            $0.set("llama.attention.head_count_kv", UInt32(3))
        },
        SpoiledModel("K/V heads per layer", "llama.attention.head_count_kv") {
            $0.set("llama.attention.head_count_kv", [1] as [Int32])
        },
        SpoiledModel("odd head", "llama.attention.key_length") { $0.set("llama.attention.key_length", UInt32(15)) },
        SpoiledModel("heads that rotate in part", "llama.rope.dimension_count") {
            $0.set("llama.attention.key_length", UInt32(16))
            $0.set("llama.rope.dimension_count", UInt32(8))
        },
        SpoiledModel("values of another length", "llama.attention.value_length") {
            $0.set("llama.attention.value_length", UInt32(8))
        },
        SpoiledModel("base NaN", "llama.rope.freq_base") { $0.set("llama.rope.freq_base", Float.nan) },
        SpoiledModel("base 0", "llama.rope.freq_base") { $0.set("llama.rope.freq_base", Float(0)) },
        SpoiledModel("epsilon missing", epsilon) { $0.remove(epsilon) },
        SpoiledModel("epsilon NaN", epsilon) { $0.set(epsilon, Float.nan) },
        SpoiledModel("epsilon infinite", epsilon) { $0.set(epsilon, Float.infinity) },
        SpoiledModel("epsilon negative", epsilon) { $0.set(epsilon, Float(-1)) },
        SpoiledModel("YaRN", "llama.rope.scaling.type") { $0.set("llama.rope.scaling.type", "yarn") },
        SpoiledModel("rope divisor 0", "rope_freqs.weight") {
            let data = [UInt8](repeating: 0, count: 32)
            $0.tensors.append(.init("rope_freqs.weight", [8], .f32, data: data))
        },
        SpoiledModel("too few rope divisors", "rope_freqs.weight") {
            $0.tensors.append(.init("rope_freqs.weight", [4], .f32))
        },
        SpoiledModel("another architecture", "general.architecture") { $0.set("general.architecture", "qwen2") },
        SpoiledModel("no architecture", "general.architecture") { $0.remove("general.architecture") },
        SpoiledModel("experts", "llama.expert_count") { $0.set("llama.expert_count", UInt32(8)) },
    ]

    static let tensors: [SpoiledModel] = [
        SpoiledModel(
            "a layer too many in the metadata",
            [
                "attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate", "ffn_up", "ffn_down",
            ].map { "blk.1.\($0).weight" }.joined(separator: ",")
        ) { $0.set("llama.block_count", UInt32(2)) },
        SpoiledModel("a layer too many in the tensors", "blk.1.attn_norm.weight") {
            $0.tensors.append(.init("blk.1.attn_norm.weight", [32], .f32))
        },
        SpoiledModel("a bias", "blk.0.attn_q.bias") { $0.tensors.append(.init("blk.0.attn_q.bias", [32], .f32)) },
        SpoiledModel("a tensor missing", "blk.0.ffn_up.weight") {
            $0.tensors.removeAll { $0.name == Array("blk.0.ffn_up.weight".utf8) }
        },
        SpoiledModel("a transposed tensor", "blk.0.ffn_up.weight") {
            $0.change("blk.0.ffn_up.weight") { $0.dimensions.reverse() }
        },
        SpoiledModel("more embedding rows than tokens", "token_embd.weight") {
            $0.change("token_embd.weight") { $0 = .init("token_embd.weight", [32, 9], .q8_0) }
        },
        SpoiledModel("a name that would map to a taken one", "blk.00.attn_q.weight") {
            $0.tensors.append(.init("blk.00.attn_q.weight", [32, 32], .q8_0))
        },
    ]

    static let text: [SpoiledModel] = [
        SpoiledModel("no tokens", "tokenizer.ggml.tokens") { $0.remove("tokenizer.ggml.tokens") },
        SpoiledModel("empty tokens", "tokenizer.ggml.tokens") { $0.set("tokenizer.ggml.tokens", [String]()) },
        SpoiledModel("another vocabulary size", "llama.vocab_size") { $0.set("llama.vocab_size", UInt32(9)) },
        SpoiledModel("too few token types", "tokenizer.ggml.token_type") {
            $0.set("tokenizer.ggml.token_type", [1, 1] as [Int32])
        },
        SpoiledModel("too many scores", "tokenizer.ggml.scores") {
            $0.set("tokenizer.ggml.scores", [Int32](repeating: 0, count: 9))
        },
        SpoiledModel("a token of more than 64 KiB", "tokenizer.ggml.tokens[0]") {
            let long = String(repeating: "a", count: 65_537)
            $0.set("tokenizer.ggml.tokens", [long] + GGUFBuilder.tokens.dropFirst())
        },
        SpoiledModel("begin id outside", "tokenizer.ggml.bos_token_id") {
            $0.set("tokenizer.ggml.bos_token_id", UInt32(8))
        },
        SpoiledModel("end id outside", "tokenizer.ggml.eos_token_id") {
            $0.set("tokenizer.ggml.eos_token_id", UInt32.max)
        },
        SpoiledModel("padding id negative", "tokenizer.ggml.padding_token_id") {
            $0.set("tokenizer.ggml.padding_token_id", kind: 5, GGUFBuilder.bytes(Int32(-1)))
        },
        SpoiledModel("SentencePiece", "tokenizer.ggml.model") { $0.set("tokenizer.ggml.model", "llama") },
        SpoiledModel("no tokenizer", "tokenizer.ggml.model") { $0.remove("tokenizer.ggml.model") },
    ]

    @Test(arguments: numbers + shapes + tensors + text)
    func `refuses what is no Llama and names the key`(model: SpoiledModel) {
        #expect(model.refusal()?.field == model.field, "\(String(describing: model.refusal()))")
    }

    @Test func `lists the tokenizers it knows`() {
        var builder = GGUFBuilder.llama()
        builder.set("tokenizer.ggml.model", "llama")
        #expect(refusal(of: builder)?.description.contains("gpt2") == true)
    }

    @Test func `takes 16 K/V heads where the metadata says so`() throws {
        var builder = GGUFBuilder.llama()
        builder.set("llama.embedding_length", UInt32(32))
        builder.set("llama.attention.head_count", UInt32(16))
        builder.set("llama.attention.head_count_kv", UInt32(16))
        builder.change("blk.0.attn_k.weight") { $0 = .init("blk.0.attn_k.weight", [32, 32], .f16) }
        builder.change("blk.0.attn_v.weight") { $0 = .init("blk.0.attn_v.weight", [32, 32], .f16) }
        try builder.build().withUnsafeBytes { bytes in
            let model = try Checkpoint(bytes: bytes, name: "x").configuration
            #expect(model.keyValueHeads == 16 && model.headSize == 2 && model.groupSize == 1)
        }
    }
}

import JSON
import Model
import Testing

/// config.json and generation_config.json, and row M34.
struct HuggingFaceModelTests {
    private func configuration(_ changes: [(String, JSONValue?)]) throws -> ModelConfiguration {
        try model(changes).load().configuration
    }

    private func model(_ changes: [(String, JSONValue?)]) throws -> SafetensorsModel {
        var configuration = SafetensorsBuilder.configuration
        for (name, value) in changes { configuration[name] = value }
        return try SafetensorsModel(configuration: configuration)
    }

    @Test func `reads the shape`() throws {
        let model = try configuration([])
        #expect(model.layers == 1 && model.width == 8 && model.feedForwardWidth == 16 && model.heads == 2)
        #expect(model.keyValueHeads == 1 && model.headSize == 4 && model.vocabularySize == 6)
        #expect(model.contextLength == 64 && model.normEpsilon == 1e-5 && model.ropeBase == 10_000)
        #expect(model.tiedEmbeddings && model.ropeDivisors == [1, 1])
    }

    @Test func `reads rope scaling in both spellings`() throws {
        let llama3: [(String, JSONValue)] = [
            ("factor", 8.0), ("low_freq_factor", 1.0), ("high_freq_factor", 4.0),
            ("original_max_position_embeddings", 32),
        ]
        let old = try configuration([
            ("rope_scaling", .object(JSONObject([("type", "llama3")] + llama3))), ("rope_theta", 500_000.0),
        ])
        let new = try configuration([
            ("rope_parameters", .object(JSONObject([("rope_type", "llama3"), ("rope_theta", 500_000.0)] + llama3))),
            ("rope_theta", nil),
        ])
        #expect(old == new && old.ropeBase == 500_000)
        // The first wave is 2 pi positions, 5.09 in 32: above 4, kept. The second is 4443 positions: divided.
        #expect(old.ropeDivisors == [1, 8])
    }

    @Test func `takes null for absent`() throws {
        #expect(try configuration([("head_dim", .null), ("rope_scaling", .null)]) == configuration([]))
    }

    @Test func `ignores what only Python needs`() throws {
        let changes: [(String, JSONValue?)] = [
            ("torch_dtype", "unheard_of"), ("auto_map", ["AutoModel": "evil.Model"]), ("pretraining_tp", 1),
        ]
        #expect(try configuration(changes) == configuration([]))
    }

    @Test func `counts K/V heads as heads where they are not given`() throws {
        let model = try model([("num_key_value_heads", nil)])
        #expect(model.refusal()?.field == "model.layers.0.self_attn.k_proj.weight")
    }

    struct Case: Sendable, CustomStringConvertible {
        let name: String
        let value: JSONValue?
        var field: String { name }
        var description: String { "\(name): \(String(describing: value))" }
    }

    static let cases: [Case] = [
        ("model_type", "qwen2"), ("model_type", nil), ("model_type", 1), ("architectures", ["MixtralForCausalLM"]),
        ("hidden_act", "gelu"), ("attention_bias", true), ("mlp_bias", true), ("attention_bias", "no"),
        ("quantization_config", ["bits": 4]), ("partial_rotary_factor", 0.5), ("vocab_size", 1_099_511_627_776),
        ("vocab_size", 0), ("vocab_size", -1), ("vocab_size", 6.5), ("hidden_size", nil), ("hidden_size", "8"),
        ("num_hidden_layers", 0), ("num_hidden_layers", 5_000), ("num_attention_heads", 3),
        ("num_key_value_heads", 0), ("num_key_value_heads", 4), ("head_dim", 3), ("max_position_embeddings", nil),
        ("max_position_embeddings", 1_099_511_627_776), ("rms_norm_eps", 0), ("rope_theta", 0), ("rope_theta", "1"),
        ("tie_word_embeddings", 1), ("eos_token_id", 6), ("eos_token_id", [1, -1]), ("bos_token_id", "x"),
    ].map { Case(name: $0, value: $1) }

    @Test(arguments: cases) func `refuses what it cannot run and names the member`(item: Case) throws {
        let refusal = try model([(item.name, item.value)]).refusal()
        #expect(refusal?.field == item.field, "\(String(describing: refusal))")
    }

    @Test(arguments: ["yarn", "dynamic", "longrope", "mystery"])
    func `refuses other rope scaling by name`(type: String) throws {
        let refusal = try model([("rope_scaling", ["rope_type": .string(type), "factor": 2])]).refusal()
        #expect(refusal?.description.contains(type) == true)
    }

    @Test func `demands the head of an untied model`() throws {
        #expect(try model([("tie_word_embeddings", nil)]).refusal()?.field == "lm_head.weight")
    }

    @Test func `refuses a configuration that is nested or malformed`() throws {
        let model = try SafetensorsModel()
        for text in [String(repeating: "[", count: 100_000), "", "[]", "{\"model_type\":\"llama\",}"] {
            try model.directory.write("config.json", Array(text.utf8))
            #expect(model.refusal()?.field == "document")
        }
    }

    @Test func `names a tokenizer that is missing`() throws {
        let model = try SafetensorsModel()
        try model.directory.write("tokenizer.json", [])
        #expect(model.refusal() == nil)
        let bare = try TemporaryDirectory()
        try bare.write("config.json", JSONValue.object(SafetensorsBuilder.configuration).serialized)
        try bare.write("model.safetensors", SafetensorsBuilder.llama().build())
        #expect(refusal(at: bare.path)?.field == "tokenizer.json")
    }

    @Test func `lets generation_config decide over config`() throws {
        let model = try SafetensorsModel()
        let text = "{\"temperature\":0.6,\"top_p\":0.9,\"top_k\":50,\"eos_token_id\":[2,3,2]}"
        try model.directory.write("generation_config.json", Array(text.utf8))
        let defaults = try model.load().generationDefaults
        #expect(defaults.temperature == 0.6 && defaults.topP == 0.9 && defaults.topK == 50)
        #expect(defaults.endIDs == [2, 3] && defaults.beginID == 0)
    }
}

import JSON

/// Writes safetensors files, right ones and wrong ones.
struct SafetensorsBuilder {
    struct Tensor {
        var name: String
        var type: String
        var shape: [Int]
        var bytes: Int

        init(_ name: String, _ shape: [Int], type: String = "BF16", bytes: Int? = nil) {
            self.name = name
            self.type = type
            self.shape = shape
            self.bytes = bytes ?? shape.reduce(1, *) * 2
        }
    }

    var tensors: [Tensor] = []

    /// The header that tells the truth about `tensors`.
    var header: String {
        var offset = 0
        let members = tensors.map { tensor in
            defer { offset += tensor.bytes }
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            return "\"\(tensor.name)\":" + Self.entry(tensor.type, "[\(shape)]", offset, offset + tensor.bytes)
        }
        return "{" + (["\"__metadata__\":{\"format\":\"pt\"}"] + members).joined(separator: ",") + "}"
    }

    static func entry(_ type: String, _ shape: String, _ begin: Int, _ end: Int) -> String {
        "{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[\(begin),\(end)]}"
    }

    func build() -> [UInt8] { Self.build(header: header, dataBytes: tensors.reduce(0) { $0 + $1.bytes }) }

    static func build(header: String, dataBytes: Int) -> [UInt8] {
        GGUFBuilder.bytes(UInt64(header.utf8.count)) + Array(header.utf8) + [UInt8](repeating: 0, count: dataBytes)
    }

    /// One layer of width 8 with two heads of 4 and one K/V head.
    static func llama() -> SafetensorsBuilder {
        let layer = "model.layers.0."
        return SafetensorsBuilder(tensors: [
            Tensor("model.embed_tokens.weight", [6, 8]), Tensor("model.norm.weight", [8]),
            Tensor(layer + "input_layernorm.weight", [8]), Tensor(layer + "self_attn.q_proj.weight", [8, 8]),
            Tensor(layer + "self_attn.k_proj.weight", [4, 8]), Tensor(layer + "self_attn.v_proj.weight", [4, 8]),
            Tensor(layer + "self_attn.o_proj.weight", [8, 8]), Tensor(layer + "post_attention_layernorm.weight", [8]),
            Tensor(layer + "mlp.gate_proj.weight", [16, 8]), Tensor(layer + "mlp.up_proj.weight", [16, 8]),
            Tensor(layer + "mlp.down_proj.weight", [8, 16]),
        ])
    }

    /// config.json for it, in the words of transformers 4.
    static let configuration: JSONObject = [
        ("model_type", "llama"), ("architectures", ["LlamaForCausalLM"]), ("hidden_size", 8),
        ("intermediate_size", 16), ("num_hidden_layers", 1), ("num_attention_heads", 2), ("num_key_value_heads", 1),
        ("vocab_size", 6), ("max_position_embeddings", 64), ("rms_norm_eps", 1e-5), ("rope_theta", 10_000.0),
        ("tie_word_embeddings", true), ("hidden_act", "silu"), ("bos_token_id", 0), ("eos_token_id", 1),
    ].reduce(into: JSONObject()) { (object: inout JSONObject, member: (String, JSONValue)) in
        object[member.0] = member.1
    }
}

/// What the two file formats call the tensors.
enum TensorNaming: Sendable {
    case gguf
    case huggingFace

    func name(of role: TensorRole) -> String {
        switch (self, role) {
        case (.gguf, .embedding): "token_embd.weight"
        case (.gguf, .outputNorm): "output_norm.weight"
        case (.gguf, .output): "output.weight"
        case (.gguf, .layer(let layer, let tensor)): "blk.\(layer).\(Self.ggufName(tensor)).weight"
        case (.huggingFace, .embedding): "model.embed_tokens.weight"
        case (.huggingFace, .outputNorm): "model.norm.weight"
        case (.huggingFace, .output): "lm_head.weight"
        case (.huggingFace, .layer(let layer, let tensor)):
            "model.layers.\(layer).\(Self.huggingFaceName(tensor)).weight"
        }
    }

    private static func ggufName(_ tensor: LayerTensor) -> String {
        switch tensor {
        case .attentionNorm: "attn_norm"
        case .query: "attn_q"
        case .key: "attn_k"
        case .value: "attn_v"
        case .attentionOutput: "attn_output"
        case .feedForwardNorm: "ffn_norm"
        case .gate: "ffn_gate"
        case .up: "ffn_up"
        case .down: "ffn_down"
        }
    }

    private static func huggingFaceName(_ tensor: LayerTensor) -> String {
        switch tensor {
        case .attentionNorm: "input_layernorm"
        case .query: "self_attn.q_proj"
        case .key: "self_attn.k_proj"
        case .value: "self_attn.v_proj"
        case .attentionOutput: "self_attn.o_proj"
        case .feedForwardNorm: "post_attention_layernorm"
        case .gate: "mlp.gate_proj"
        case .up: "mlp.up_proj"
        case .down: "mlp.down_proj"
        }
    }

    /// Divisors of the rotary frequencies; only GGUF keeps them as a tensor.
    static let ropeDivisors = "rope_freqs.weight"

    /// Whether a tensor without a role belongs to a layer, so that leaving it out would change what is computed.
    ///
    /// Old Hugging Face files carry `rotary_emb.inv_freq` in each layer; it repeats the configuration.
    func isPartOfALayer(_ name: String) -> Bool {
        switch self {
        case .gguf: name.hasPrefix("blk.")
        case .huggingFace: name.hasPrefix("model.layers.") && !name.hasSuffix("rotary_emb.inv_freq")
        }
    }

    func layout(headSize: Int) -> RotaryLayout {
        switch self {
        case .gguf: .interleaved(headSize: headSize)
        case .huggingFace: .halfSplit(headSize: headSize)
        }
    }
}

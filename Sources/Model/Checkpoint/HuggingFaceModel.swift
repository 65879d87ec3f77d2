import JSON

/// Reads the shape of a Llama model out of `config.json`.
///
/// Members that only concern training or Python (`torch_dtype`, `auto_map`, …) are not looked at; nothing here runs
/// code that a file names.
struct HuggingFaceModel {
    let config: JSONDocument

    private static let positive = 1e-12...1e12

    func configuration() throws(CheckpointError) -> ModelConfiguration {
        try refuseOthers()
        let width = try required("hidden_size", ModelLimits.width)
        let heads = try required("num_attention_heads", ModelLimits.heads)
        let keyValueHeads = try config.integer("num_key_value_heads", in: ModelLimits.heads) ?? heads
        let headSize = try headSize(width: width, heads: heads)
        try ModelLimits.check(
            heads: heads, keyValueHeads: keyValueHeads, headSize: headSize,
            names: ("num_key_value_heads", "head_dim"), file: config.file)
        let (scaling, ropeBase) = try rope()
        return ModelConfiguration(
            layers: try required("num_hidden_layers", ModelLimits.layers), width: width,
            feedForwardWidth: try required("intermediate_size", ModelLimits.feedForwardWidth), heads: heads,
            keyValueHeads: keyValueHeads, headSize: headSize,
            vocabularySize: try required("vocab_size", ModelLimits.vocabulary),
            contextLength: try required("max_position_embeddings", ModelLimits.contextLength),
            normEpsilon: Float(try config.number("rms_norm_eps", in: 1e-12...1) ?? 1e-6), ropeBase: ropeBase,
            ropeDivisors: scaling.divisors(headSize: headSize, base: ropeBase),
            tiedEmbeddings: try config.bool("tie_word_embeddings") ?? false)
    }

    private func required(_ name: String, _ range: ClosedRange<Int>) throws(CheckpointError) -> Int {
        try config.required(name, try config.integer(name, in: range))
    }

    private func headSize(width: Int, heads: Int) throws(CheckpointError) -> Int {
        if let stated = try config.integer("head_dim", in: ModelLimits.headSize) { return stated }
        guard width % heads == 0, ModelLimits.headSize.contains(width / heads) else {
            throw .malformed(
                config.place("num_attention_heads"), reason: "\(heads) heads do not divide the width \(width)")
        }
        return width / heads
    }

    private func refuseOthers() throws(CheckpointError) {
        let type = try config.required("model_type", try config.string("model_type"))
        guard type == "llama" else { throw unsupported("model_type", "the model type \(type)", "llama") }
        if let classes = config["architectures"]?.array, !classes.contains("LlamaForCausalLM"), !classes.isEmpty {
            throw unsupported("architectures", classes.first?.string ?? "an unnamed class", "LlamaForCausalLM")
        }
        let activation = try config.string("hidden_act") ?? "silu"
        guard activation == "silu" else { throw unsupported("hidden_act", "the activation \(activation)", "silu") }
        for name in ["attention_bias", "mlp_bias"] {
            guard try config.bool(name) != true else { throw unsupported(name, "a model with biases", "no biases") }
        }
        guard config["quantization_config"] == nil else {
            throw unsupported("quantization_config", "a quantized safetensors model", "F32, F16, BF16, or GGUF")
        }
        let rotated = try config.number("partial_rotary_factor", in: 0...1) ?? 1
        guard rotated == 1 else { throw unsupported("partial_rotary_factor", "a part of \(rotated)", "1") }
    }

    private func unsupported(_ field: String, _ got: String, _ supported: String) -> CheckpointError {
        .unsupported(config.place(field), got: got, supported: supported)
    }

    // MARK: Rotary frequencies

    /// transformers 5 writes `rope_parameters` with everything; before it `rope_theta` stood apart from `rope_scaling`.
    private func rope() throws(CheckpointError) -> (RopeScaling, base: Double) {
        let new = try config.document("rope_parameters")
        let old = try config.document("rope_scaling")
        let newBase = try new?.number("rope_theta", in: Self.positive)
        let oldBase = try config.number("rope_theta", in: Self.positive)
        let base = newBase ?? oldBase ?? 10_000
        guard let parameters = new ?? old else { return (.none, base) }
        return (try scaling(parameters), base)
    }

    private func scaling(_ parameters: JSONDocument) throws(CheckpointError) -> RopeScaling {
        let oldName = try parameters.string("type")
        switch try parameters.string("rope_type") ?? oldName {
        case nil, "default"?: return .none
        case "linear"?: return .linear(factor: try number("factor", parameters))
        case "llama3"?:
            let low = try number("low_freq_factor", parameters)
            let high = try number("high_freq_factor", parameters)
            guard low < high else {
                throw .malformed(
                    config.place("high_freq_factor"), reason: "\(high) is not above low_freq_factor \(low)")
            }
            return .llama3(
                factor: try number("factor", parameters), lowFrequency: low, highFrequency: high,
                originalContext: try number("original_max_position_embeddings", parameters))
        case let other?: throw unsupported("rope_type", "rope scaling \(other)", "default, linear, llama3")
        }
    }

    private func number(_ name: String, _ parameters: JSONDocument) throws(CheckpointError) -> Double {
        try parameters.required(name, try parameters.number(name, in: Self.positive))
    }
}

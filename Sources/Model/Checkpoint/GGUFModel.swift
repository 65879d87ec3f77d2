/// Reads a Llama model out of GGUF metadata and tensors.
struct GGUFModel {
    let parts: GGUFParts
    private var metadata: GGUFMetadata { parts.metadata }

    private enum Key {
        static let architecture = "general.architecture"
        static let contextLength = "llama.context_length"
        static let epsilon = "llama.attention.layer_norm_rms_epsilon"
        static let feedForward = "llama.feed_forward_length"
        static let headSize = "llama.attention.key_length"
        static let heads = "llama.attention.head_count"
        static let keyValueHeads = "llama.attention.head_count_kv"
        static let layers = "llama.block_count"
        static let ropeBase = "llama.rope.freq_base"
        static let ropeDimensions = "llama.rope.dimension_count"
        static let ropeScaling = "llama.rope.scaling.type"
        static let ropeFactor = "llama.rope.scaling.factor"
        static let valueSize = "llama.attention.value_length"
        static let vocabulary = "llama.vocab_size"
        static let width = "llama.embedding_length"
    }

    /// Other models borrow the architecture name and change the graph by keys such as these.
    private static let foreignKeys = [
        "llama.expert_count", "llama.expert_used_count", "llama.attention.sliding_window", "llama.attention.scale",
        "llama.attention.clamp_kqv", "llama.logit_scale", "llama.embedding_scale", "llama.residual_scale",
        "llama.rope.scale_linear",
    ]

    // MARK: Configuration

    func configuration(vocabulary: Int) throws(CheckpointError) -> ModelConfiguration {
        let layers = try required(Key.layers, ModelLimits.layers)
        let width = try required(Key.width, ModelLimits.width)
        let heads = try required(Key.heads, ModelLimits.heads)
        let keyValueHeads = try metadata.integer(Key.keyValueHeads, in: ModelLimits.heads) ?? heads
        let headSize = try headSize(width: width, heads: heads)
        try ModelLimits.check(
            heads: heads, keyValueHeads: keyValueHeads, headSize: headSize,
            names: (Key.keyValueHeads, Key.headSize), file: parts.name)
        let epsilon = try metadata.required(Key.epsilon, try metadata.positive(Key.epsilon))
        try checkVocabulary(vocabulary)
        return ModelConfiguration(
            layers: layers, width: width,
            feedForwardWidth: try required(Key.feedForward, ModelLimits.feedForwardWidth), heads: heads,
            keyValueHeads: keyValueHeads, headSize: headSize, vocabularySize: vocabulary,
            contextLength: try required(Key.contextLength, ModelLimits.contextLength), normEpsilon: Float(epsilon),
            ropeBase: try metadata.positive(Key.ropeBase) ?? 10_000,
            ropeDivisors: try ropeDivisors(headSize: headSize), tiedEmbeddings: entry("output.weight") == nil)
    }

    private func required(_ key: String, _ range: ClosedRange<Int>) throws(CheckpointError) -> Int {
        try metadata.required(key, try metadata.integer(key, in: range))
    }

    /// Refuses other architectures, and models that borrow the name.
    func refuseOthers() throws(CheckpointError) {
        let architecture = try metadata.required(Key.architecture, try metadata.string(Key.architecture))
        guard architecture == "llama" else {
            throw .unsupported(
                metadata.place(Key.architecture), got: "the architecture \(architecture)", supported: "llama")
        }
        for key in Self.foreignKeys {
            guard let value = metadata[key] else { continue }
            switch value {
            case .unsigned(0), .signed(0), .float(0): continue
            default:
                throw .unsupported(
                    metadata.place(key), got: "a model with \(key) \(value.summary)",
                    supported: "Llama models without it")
            }
        }
    }

    private func headSize(width: Int, heads: Int) throws(CheckpointError) -> Int {
        let rotated = try metadata.integer(Key.ropeDimensions, in: ModelLimits.headSize)
        let stated = try metadata.integer(Key.headSize, in: ModelLimits.headSize) ?? rotated
        if stated == nil, width % heads != 0 || width / heads < ModelLimits.headSize.lowerBound {
            throw .malformed(metadata.place(Key.heads), reason: "\(heads) heads do not divide the width \(width)")
        }
        let headSize = stated ?? width / heads
        let valueSize = try metadata.integer(Key.valueSize, in: ModelLimits.headSize) ?? headSize
        guard (rotated ?? headSize) == headSize else {
            throw .unsupported(
                metadata.place(Key.ropeDimensions), got: "a head of \(headSize) values of which \(rotated ?? 0) rotate",
                supported: "heads that rotate whole")
        }
        guard valueSize == headSize else {
            throw .unsupported(
                metadata.place(Key.valueSize), got: "values of length \(valueSize) with keys of length \(headSize)",
                supported: "equal lengths")
        }
        return headSize
    }

    private func checkVocabulary(_ tokens: Int) throws(CheckpointError) {
        guard let stated = try metadata.integer(Key.vocabulary, in: ModelLimits.vocabulary), stated != tokens else {
            return
        }
        throw .malformed(metadata.place(Key.vocabulary), reason: "is \(stated), the tokenizer has \(tokens) tokens")
    }

    // MARK: Rotary frequencies

    /// The converter writes llama3 scaling as a tensor of divisors; metadata names only the other kinds.
    private func ropeDivisors(headSize: Int) throws(CheckpointError) -> [Float] {
        let scaling = try ropeScaling()
        guard let entry = entry(TensorNaming.ropeDivisors) else {
            return scaling.divisors(headSize: headSize, base: 1)
        }
        let place = CheckpointError.Place(file: entry.source.name, offset: entry.offset, field: entry.name)
        guard scaling == .none else {
            throw .unsupported(place, got: "divisors together with \(Key.ropeScaling)", supported: "one of them")
        }
        guard entry.type == .f32, entry.shape == [headSize / 2] else {
            throw .malformed(
                place, reason: "must be F32 \([headSize / 2]), is \(entry.typeName) \(entry.shape)")
        }
        let bytes = try entry.source.bytes(at: entry.offset, length: headSize / 2 * 4, field: entry.name)
        let divisors = bytes.withUnsafeBytes { buffer in
            (0..<headSize / 2).map { position in
                Float(
                    bitPattern: UInt32(
                        littleEndian: buffer.loadUnaligned(fromByteOffset: position * 4, as: UInt32.self)))
            }
        }
        guard divisors.allSatisfy({ $0.isFinite && $0 > 0 }) else {
            throw .malformed(place, reason: "has a divisor that is not a finite number above 0")
        }
        return divisors
    }

    private func ropeScaling() throws(CheckpointError) -> RopeScaling {
        switch try metadata.string(Key.ropeScaling) {
        case nil, "none"?: return .none
        case "linear"?:
            return .linear(factor: try metadata.required(Key.ropeFactor, try metadata.positive(Key.ropeFactor)))
        case let other?:
            throw .unsupported(
                metadata.place(Key.ropeScaling), got: "rope scaling \(other)", supported: "none, linear")
        }
    }

    private func entry(_ name: String) -> TensorEntry? {
        for file in parts.files {
            if let entry = file.tensors.first(where: { $0.name == name }) { return entry }
        }
        return nil
    }
}

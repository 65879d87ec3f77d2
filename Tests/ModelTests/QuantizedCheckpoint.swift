import CKernels
import Foundation
import Model

/// A checkpoint made of another by storing its matrices in other types.
enum QuantizedCheckpoint {
    /// `type`, F32 or one of blocks, is asked for each matrix; what does not fit its rows stays as it is.
    static func make(of source: Checkpoint, type: (StoredTensor) -> TensorType) throws -> Checkpoint {
        var builder = description(of: source.configuration)
        for tensor in source.storedTensors {
            builder.tensors.append(try quantized(tensor, tensor.rows == 1 ? tensor.type : type(tensor)))
        }
        let divisors = source.configuration.ropeDivisors
        builder.tensors.append(
            GGUFBuilder.Tensor(
                "rope_freqs.weight", [UInt64(divisors.count)], .f32, data: divisors.withUnsafeBytes { Array($0) }))
        let directory = try TemporaryDirectory()
        // An open checkpoint keeps its file.
        return try withExtendedLifetime(directory) {
            try Checkpoint(path: $0.write("quantized.gguf", builder.build()))
        }
    }

    /// The mixture of the files called Q4_K_M: Q6_K for the embedding table, the values and the second feed-forward
    /// matrix of the later half of the layers.
    static func mixed(of source: Checkpoint) throws -> Checkpoint {
        let half = source.configuration.layers / 2
        return try make(of: source) { tensor in
            let parts = tensor.name.split(separator: ".")
            let isLater = parts.count > 2 && parts[0] == "blk" && (Int(parts[1]) ?? 0) >= half
            let isSensitive = tensor.name.hasSuffix("attn_v.weight") || tensor.name.hasSuffix("ffn_down.weight")
            return parts[0] != "blk" || isLater && isSensitive ? .q6K : .q4K
        }
    }

    private static func quantized(_ tensor: StoredTensor, _ wanted: TensorType) throws -> GGUFBuilder.Tensor {
        let type = tensor.columns.isMultiple(of: wanted.blockLength) ? wanted : tensor.type
        var stored = [UInt8](repeating: 0, count: tensor.byteCount)
        try stored.withUnsafeMutableBytes { try tensor.read(row: 0, count: tensor.rows, into: $0) }
        if type != tensor.type {
            var values = [Float](repeating: 0, count: tensor.parameterCount)
            stored.withUnsafeBytes {
                ck_dequantize(ck_type(rawValue: tensor.type.rawValue), $0.baseAddress, &values, values.count)
            }
            stored = type == .f32 ? values.withUnsafeBytes { Array($0) } : Quantizer(type: type).quantize(values)
        }
        return GGUFBuilder.Tensor(
            tensor.name, tensor.rows == 1 ? [UInt64(tensor.columns)] : [UInt64(tensor.columns), UInt64(tensor.rows)],
            type, data: stored)
    }

    /// The same shape; tokens without meaning.
    private static func description(of model: ModelConfiguration) -> GGUFBuilder {
        var builder = GGUFBuilder.llama()
        builder.tensors = []
        builder.set("llama.block_count", UInt32(model.layers))
        builder.set("llama.context_length", UInt32(model.contextLength))
        builder.set("llama.embedding_length", UInt32(model.width))
        builder.set("llama.feed_forward_length", UInt32(model.feedForwardWidth))
        builder.set("llama.attention.head_count", UInt32(model.heads))
        builder.set("llama.attention.head_count_kv", UInt32(model.keyValueHeads))
        builder.set("llama.attention.key_length", UInt32(model.headSize))
        builder.set("llama.attention.value_length", UInt32(model.headSize))
        builder.set("llama.attention.layer_norm_rms_epsilon", model.normEpsilon)
        builder.set("llama.rope.freq_base", Float(model.ropeBase))
        builder.set("llama.vocab_size", UInt32(model.vocabularySize))
        builder.set("tokenizer.ggml.tokens", (0..<model.vocabularySize).map { "t\($0)" })
        builder.set("tokenizer.ggml.token_type", [Int32](repeating: 1, count: model.vocabularySize))
        builder.set("tokenizer.ggml.merges", [String]())
        return builder
    }
}

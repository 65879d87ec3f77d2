import Model

/// Writes GGUF files, right ones and wrong ones: every count, length and offset can be made to lie.
struct GGUFBuilder {
    struct Entry {
        var key: [UInt8]
        var kind: UInt32
        var value: [UInt8]
    }

    struct Tensor {
        var name: [UInt8]
        /// Innermost first.
        var dimensions: [UInt64]
        var type: UInt32
        var data: [UInt8]
        /// What the file says, if not the truth.
        var dimensionCount: UInt32?
        var offset: UInt64?

        init(_ name: String, _ dimensions: [UInt64], _ type: TensorType, data: [UInt8]? = nil) {
            self.name = Array(name.utf8)
            self.dimensions = dimensions
            self.type = type.rawValue
            let values = dimensions.reduce(1) { $0 * Int($1) }
            self.data = data ?? (0..<type.rowBytes(values)).map { UInt8(truncatingIfNeeded: $0 % 61) }
        }
    }

    var magic = Array("GGUF".utf8)
    var version: UInt32 = 3
    var tensorCount: UInt64?
    var entryCount: UInt64?
    var entries: [Entry] = []
    var tensors: [Tensor] = []
    /// Used to lay out the data; set `general.alignment` too if it is not the default.
    var alignment = 32
    var slack = 0

    // MARK: Entries

    mutating func set(_ key: String, kind: UInt32, _ value: [UInt8]) {
        let entry = Entry(key: Array(key.utf8), kind: kind, value: value)
        if let position = entries.firstIndex(where: { $0.key == entry.key }) {
            entries[position] = entry
        } else {
            entries.append(entry)
        }
    }

    mutating func set(_ key: String, _ value: UInt32) { set(key, kind: 4, Self.bytes(value)) }
    mutating func set(_ key: String, _ value: Float) { set(key, kind: 6, Self.bytes(value.bitPattern)) }
    mutating func set(_ key: String, _ value: Bool) { set(key, kind: 7, [value ? 1 : 0]) }
    mutating func set(_ key: String, _ value: String) { set(key, kind: 8, Self.string(value)) }
    mutating func set(_ key: String, _ values: [String]) {
        set(key, kind: 9, Self.bytes(UInt32(8)) + Self.bytes(UInt64(values.count)) + values.flatMap(Self.string))
    }
    mutating func set(_ key: String, _ values: [Int32]) {
        set(key, kind: 9, Self.bytes(UInt32(5)) + Self.bytes(UInt64(values.count)) + values.flatMap(Self.bytes))
    }
    mutating func remove(_ key: String) { entries.removeAll { $0.key == Array(key.utf8) } }

    mutating func change(_ name: String, _ body: (inout Tensor) -> Void) {
        for position in tensors.indices where tensors[position].name == Array(name.utf8) { body(&tensors[position]) }
    }

    static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    static func string(_ text: String) -> [UInt8] { bytes(UInt64(text.utf8.count)) + Array(text.utf8) }

    // MARK: The file

    func build() -> [UInt8] { buildWithBoundaries().bytes }

    /// The file, and where in it a field, entry, description or tensor begins.
    func buildWithBoundaries() -> (bytes: [UInt8], boundaries: [Int]) {
        var bytes = magic + Self.bytes(version) + Self.bytes(tensorCount ?? UInt64(tensors.count))
        bytes += Self.bytes(entryCount ?? UInt64(entries.count))
        var boundaries = [0, 4, 8, 16]
        for entry in entries {
            boundaries += [bytes.count, bytes.count + 8, bytes.count + 8 + entry.key.count]
            bytes += Self.bytes(UInt64(entry.key.count)) + entry.key + Self.bytes(entry.kind)
            boundaries.append(bytes.count)
            bytes += entry.value
        }
        var offset = 0
        for tensor in tensors {
            boundaries += [bytes.count, bytes.count + 8 + tensor.name.count]
            bytes += Self.bytes(UInt64(tensor.name.count)) + tensor.name
            bytes += Self.bytes(tensor.dimensionCount ?? UInt32(tensor.dimensions.count))
            bytes += tensor.dimensions.flatMap(Self.bytes)
            bytes += Self.bytes(tensor.type) + Self.bytes(tensor.offset ?? UInt64(offset))
            offset += padded(tensor.data.count)
        }
        boundaries.append(bytes.count)
        bytes += [UInt8](repeating: 0, count: padded(bytes.count) - bytes.count)
        for (position, tensor) in tensors.enumerated() {
            boundaries.append(bytes.count)
            let end = position == tensors.count - 1 ? tensor.data.count : padded(tensor.data.count)
            bytes += tensor.data + [UInt8](repeating: 0, count: end - tensor.data.count)
        }
        return (bytes + [UInt8](repeating: 0, count: slack), boundaries)
    }

    private func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

    // MARK: A model

    static let tokens = ["a", "b", "c", "ab", "Ġ", "<s>", "</s>", "é"]

    /// One layer of width 32 with two heads of 16 and one K/V head; every second tensor Q8_0.
    static func llama() -> GGUFBuilder {
        var builder = GGUFBuilder()
        builder.set("general.architecture", "llama")
        builder.set("general.name", "tiny")
        builder.set("llama.block_count", UInt32(1))
        builder.set("llama.context_length", UInt32(128))
        builder.set("llama.embedding_length", UInt32(32))
        builder.set("llama.feed_forward_length", UInt32(64))
        builder.set("llama.attention.head_count", UInt32(2))
        builder.set("llama.attention.head_count_kv", UInt32(1))
        builder.set("llama.attention.layer_norm_rms_epsilon", Float(1e-5))
        builder.set("llama.rope.freq_base", Float(10_000))
        builder.set("llama.vocab_size", UInt32(8))
        builder.set("tokenizer.ggml.model", "gpt2")
        builder.set("tokenizer.ggml.pre", "llama-bpe")
        builder.set("tokenizer.ggml.tokens", tokens)
        builder.set("tokenizer.ggml.token_type", [1, 1, 1, 1, 1, 3, 3, 1] as [Int32])
        builder.set("tokenizer.ggml.merges", ["a b"])
        builder.set("tokenizer.ggml.bos_token_id", UInt32(5))
        builder.set("tokenizer.ggml.eos_token_id", UInt32(6))
        builder.set("tokenizer.ggml.add_bos_token", true)
        builder.set("tokenizer.chat_template", "{{ messages }}")
        builder.tensors = [
            Tensor("token_embd.weight", [32, 8], .q8_0), Tensor("output_norm.weight", [32], .f32),
            Tensor("blk.0.attn_norm.weight", [32], .f32), Tensor("blk.0.attn_q.weight", [32, 32], .q8_0),
            Tensor("blk.0.attn_k.weight", [32, 16], .f16), Tensor("blk.0.attn_v.weight", [32, 16], .q4_0),
            Tensor("blk.0.attn_output.weight", [32, 32], .bf16), Tensor("blk.0.ffn_norm.weight", [32], .f32),
            Tensor("blk.0.ffn_gate.weight", [32, 64], .q8_0), Tensor("blk.0.ffn_up.weight", [32, 64], .q5_1),
            Tensor("blk.0.ffn_down.weight", [64, 32], .q8_0),
        ]
        return builder
    }
}

import Foundation
import Model
import TestSupport
import Testing

/// A token's logits depend on its own sequence only, to the bit.
struct BatchInvarianceTests {
    /// What the weights are stored as.
    enum Weights: String, CaseIterable {
        case bfloat16
        case q4KM
        case q8_0
        case q5_0

        func checkpoint() throws -> Checkpoint {
            let original = try Checkpoint(path: TestData.fixtures.appending(path: "oracle-a.gguf").path)
            return switch self {
            case .bfloat16: original
            case .q4KM: try QuantizedCheckpoint.mixed(of: original)
            case .q8_0: try QuantizedCheckpoint.make(of: original) { _ in .q8_0 }
            case .q5_0: try QuantizedCheckpoint.make(of: original) { _ in .q5_0 }
            }
        }
    }

    private static func model(
        _ checkpoint: Checkpoint, _ kernels: KernelTable, threads: Int = 2,
        type: RuntimeSettings.CacheType = .full
    ) throws -> LlamaModel {
        let settings = RuntimeSettings(
            kernels: kernels.name, threads: threads, cacheType: type, cacheBytes: 32 << 20,
            capacity: BatchCapacity(rows: 96, runs: 24, logitRows: 96))
        return try LlamaModel(checkpoint: checkpoint, settings: settings)
    }

    /// Ids without meaning; the same for the same seed.
    private static func tokens(_ count: Int, seed: UInt64) -> [Int32] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in Int32.random(in: 0..<450, using: &generator) }
    }

    @Test(arguments: KernelTable.supported, Weights.allCases)
    func `logits are the same to the bit however a prompt is cut and whatever runs beside it`(
        kernels: KernelTable, weights: Weights
    ) throws {
        let checkpoint = try weights.checkpoint()
        let sequences = [150, 70, 64, 3, 129].enumerated().map { Self.tokens($1, seed: UInt64($0) + 1) }
        let alone = try Self.model(checkpoint, kernels, threads: 1)
        let expected = sequences.map { tokens in
            var rows: [[Float]] = []
            var conversation = Conversation(positions: tokens.count)
            alone.read(tokens, chunk: 1, conversation: &conversation) { _, logits in rows.append(logits.array) }
            return rows
        }
        for threads in 1...3 {
            let model = try Self.model(checkpoint, kernels, threads: threads)
            compare(model, sequences, with: expected, threads: threads)
        }
    }

    @Test(arguments: KernelTable.supported, RuntimeSettings.CacheType.allCases)
    func `a sequence goes on in a copied block with the same logits`(
        kernels: KernelTable, type: RuntimeSettings.CacheType
    ) throws {
        let checkpoint = try Weights.bfloat16.checkpoint()
        let model = try Self.model(checkpoint, kernels, type: type)
        let tokens = Self.tokens(100, seed: 5)
        var original = Conversation(positions: 110)
        model.read(Array(tokens.prefix(80)), chunk: 80, conversation: &original) { _, _ in }
        model.copyBlock(original.blocks[1], to: 9)
        var rows: [[[Float]]] = []
        for blocks in [original.blocks, [original.blocks[0], 9]] {
            var batch = Batch(capacity: model.capacity)
            batch.append(tokens[80...], at: 80, blocks: blocks, logits: tokens.count - 80)
            let logits = model.forward(batch)
            rows.append((0..<logits.rowCount).map { logits[$0].array })
        }
        #expect(rows[0] == rows[1])
    }

    /// Attention goes over blocks that are shared once for several sequences, however these stand in the batch.
    @Test(arguments: KernelTable.supported, RuntimeSettings.CacheType.allCases)
    func `sequences that share blocks have the logits of each by itself`(
        kernels: KernelTable, type: RuntimeSettings.CacheType
    ) throws {
        let model = try Self.model(try Weights.bfloat16.checkpoint(), kernels, type: type)
        var prefix = Conversation(positions: 130)
        model.read(Self.tokens(130, seed: 7), chunk: 65, conversation: &prefix) { _, _ in }
        var other = Conversation(positions: 64, firstBlock: 20)
        model.read(Self.tokens(64, seed: 8), chunk: 64, conversation: &other) { _, _ in }
        // Blocks, position and rows of what goes on: behind all of the prefix, behind its first block, behind the other.
        var branches: [(blocks: [Int32], position: Int, rows: Int)] = []
        for (index, rows) in [1, 1, 3, 1, 12, 1, 1, 2].enumerated() {
            let own = Int32(5 + index)
            model.copyBlock(prefix.blocks[2], to: own)
            switch index {
            case 3, 6: branches.append(([prefix.blocks[0], own], 64, rows))
            case 5: branches.append((other.blocks + [own], 64, rows))
            default: branches.append((prefix.blocks[..<2] + [own], 130, rows))
            }
        }
        let fill = { (branch: Int, batch: inout Batch) in
            let (blocks, position, rows) = branches[branch]
            batch.append(Self.tokens(rows, seed: UInt64(branch)), at: position, blocks: blocks, logits: rows)
        }
        var batch = Batch(capacity: model.capacity)
        let alone = branches.indices.map { branch in
            batch.removeAll()
            fill(branch, &batch)
            let logits = model.forward(batch)
            return (0..<logits.rowCount).map { logits[$0].array.map(\.bitPattern) }
        }
        var generator = SplitMix64(seed: 9)
        for _ in 0..<12 {
            let order = branches.indices.shuffled(using: &generator)
            batch.removeAll()
            for branch in order { fill(branch, &batch) }
            let logits = model.forward(batch)
            #expect((0..<logits.rowCount).map { logits[$0].array.map(\.bitPattern) } == order.flatMap { alone[$0] })
        }
    }

    @Test(arguments: KernelTable.supported, RuntimeSettings.CacheType.allCases)
    func `a step that was broken off leaves no trace in what is computed again`(
        kernels: KernelTable, type: RuntimeSettings.CacheType
    ) throws {
        let checkpoint = try Weights.bfloat16.checkpoint()
        let tokens = Self.tokens(90, seed: 6)
        var rows: [[[Float]]] = []
        for breaks in [[], [0, 1, 7, 40, 90]] {
            let model = try Self.model(checkpoint, kernels, type: type)
            var conversation = Conversation(positions: 100)
            model.read(Array(tokens.prefix(50)), chunk: 50, conversation: &conversation) { _, _ in }
            var batch = Batch(capacity: model.capacity)
            batch.append(tokens[50...], at: 50, blocks: conversation.blocks, logits: 40)
            for items in breaks {
                var left = items
                let logits = model.forward(batch) {
                    left -= 1
                    return left >= 0
                }
                #expect(logits == nil, "whole after \(items) items")
            }
            let logits = model.forward(batch)
            rows.append((0..<logits.rowCount).map { logits[$0].array })
        }
        #expect(rows[0] == rows[1])
    }

    /// Enough columns by enough depth that several workers write the operands of one step's rows.
    @Test(arguments: KernelTable.supported)
    func `logits are the same whoever writes which part of the operands`(kernels: KernelTable) throws {
        let checkpoint = try Self.wideCheckpoint(), tokens = (0..<40).map { Int32($0 * 5 % 8) }
        var expected: [[UInt32]] = []
        for threads in 1...4 {
            let model = try Self.model(checkpoint, kernels, threads: threads)
            for chunk in [1, 8, 16, 17, 40] {
                var conversation = Conversation(positions: tokens.count), rows: [[UInt32]] = []
                model.read(tokens, chunk: chunk, conversation: &conversation) { _, logits in
                    rows.append(logits.array.map(\.bitPattern))
                }
                if expected.isEmpty { expected = rows }
                #expect(rows == expected, "\(threads) threads, \(chunk) rows")
            }
        }
        #expect(Set(expected).count == tokens.count)
    }

    /// One layer whose operands are of every form; its width is no whole number of blocks.
    private static func wideCheckpoint() throws -> Checkpoint {
        var generator = SplitMix64(seed: 10), builder = GGUFBuilder.llama()
        builder.set("llama.embedding_length", UInt32(1056))
        builder.set("llama.attention.head_count", UInt32(16))
        builder.set("llama.attention.head_count_kv", UInt32(4))
        builder.set("llama.attention.key_length", UInt32(64))
        builder.set("llama.attention.value_length", UInt32(64))
        let matrices: [(String, depth: Int, rows: Int, TensorType)] = [
            ("token_embd.weight", 1056, 8, .q8_0), ("output_norm.weight", 1056, 1, .f32),
            ("blk.0.attn_norm.weight", 1056, 1, .f32), ("blk.0.attn_q.weight", 1056, 1024, .f32),
            ("blk.0.attn_k.weight", 1056, 256, .bf16), ("blk.0.attn_v.weight", 1056, 256, .q8_0),
            ("blk.0.attn_output.weight", 1024, 1056, .q8_0), ("blk.0.ffn_norm.weight", 1056, 1, .f32),
            ("blk.0.ffn_gate.weight", 1056, 64, .q8_0), ("blk.0.ffn_up.weight", 1056, 64, .bf16),
            ("blk.0.ffn_down.weight", 64, 1056, .q8_0),
        ]
        builder.tensors = matrices.map { name, depth, rows, type in
            let values = Samples.normal(depth * rows, using: &generator).map { $0 * 0.05 }
            let data =
                switch type {
                case .f32: values.flatMap { GGUFBuilder.bytes($0.bitPattern) }
                case .bf16: values.flatMap { GGUFBuilder.bytes(UInt16(Samples.rounded($0).bitPattern >> 16)) }
                default: Quantizer(type: type).quantize(values)
                }
            let dimensions = rows == 1 ? [UInt64(depth)] : [UInt64(depth), UInt64(rows)]
            return GGUFBuilder.Tensor(name, dimensions, type, data: data)
        }
        let directory = try TemporaryDirectory()
        return try withExtendedLifetime(directory) {
            try Checkpoint(path: directory.write("wide.gguf", builder.build()))
        }
    }

    /// Feeds the sequences side by side, in stretches of chance.
    private func compare(_ model: LlamaModel, _ sequences: [[Int32]], with expected: [[[Float]]], threads: Int) {
        var generator = SplitMix64(seed: UInt64(threads) * 77)
        var conversations = sequences.enumerated().map { index, tokens in
            Conversation(positions: tokens.count, firstBlock: 3 * index, scattered: index.isMultiple(of: 2))
        }
        var batch = Batch(capacity: model.capacity)
        var compared = 0
        while true {
            batch.removeAll()
            var rows: [(sequence: Int, position: Int)] = []
            for (index, tokens) in sequences.enumerated() {
                let start = conversations[index].position
                let room = min(tokens.count - start, 96 - batch.tokens.count)
                guard room > 0 else { continue }
                let count = Int.random(in: 1...room, using: &generator)
                let wanted = [0, 1, count].randomElement(using: &generator) ?? count
                conversations[index].add(tokens[start..<(start + count)], to: &batch, logits: wanted)
                rows += (start..<(start + count)).suffix(wanted).map { (index, $0) }
            }
            if batch.isEmpty { break }
            let logits = model.forward(batch)
            #expect(logits.rowCount == rows.count)
            for (row, place) in rows.enumerated() {
                let same =
                    logits[row].array.map(\.bitPattern) == expected[place.sequence][place.position].map(\.bitPattern)
                #expect(same, "\(threads) threads, sequence \(place.sequence), position \(place.position)")
                compared += 1
            }
        }
        #expect(compared > 50)
    }
}

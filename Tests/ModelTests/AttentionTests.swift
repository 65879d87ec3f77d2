import CKernels
import Glibc
import Model
import TestSupport
import Testing

/// Attention of every table over block tables, against the definition in double.
struct AttentionTests {
    struct Shape: CustomTestStringConvertible, Sendable {
        let headSize: Int
        let group: Int
        let position: Int
        let rows: Int
        var testDescription: String { "head \(headSize), group \(group), rows \(position)+\(rows)" }
    }

    static let shapes: [Shape] = [16, 32, 64, 80, 128].flatMap { size in
        [1, 3, 4, 8, 16].flatMap { group in
            [(0, 1), (0, 16), (5, 3), (63, 1), (64, 1), (112, 16), (200, 7)].map {
                Shape(headSize: size, group: group, position: $0.0, rows: $0.1)
            }
        }
    }

    @Test(arguments: KernelTable.supported, RuntimeSettings.CacheType.allCases)
    func `attends to all positions up to its own and to no other`(
        kernels: KernelTable, type: RuntimeSettings.CacheType
    ) throws {
        var generator = SplitMix64(seed: 11)
        // A stored byte is off by half a 127th of the largest of some normal numbers, twice.
        let tolerance = type == .q8 ? 0.06 : kernels.name == "reference" ? 1e-5 : 0.02
        for shape in Self.shapes {
            let cache = try HeadCache(kernels, type, shape, using: &generator)
            let queries = Samples.bfloat16(shape.rows * shape.group * shape.headSize, using: &generator)
            let got = try cache.attend(shape, queries)
            let exact = cache.definition(shape, queries)
            let worst = zip(got, exact).map { abs(Double($0) - $1) }.max() ?? .infinity
            #expect(worst <= tolerance, "\(shape.testDescription): off by \(worst)")
        }
    }

    @Test(arguments: KernelTable.supported, RuntimeSettings.CacheType.allCases)
    func `a row is the same to the bit alone and among others`(
        kernels: KernelTable, type: RuntimeSettings.CacheType
    ) throws {
        var generator = SplitMix64(seed: 12)
        let shape = Shape(headSize: 64, group: 4, position: 144, rows: 16)
        let cache = try HeadCache(kernels, type, shape, using: &generator)
        let queries = Samples.normal(shape.rows * shape.group * shape.headSize, using: &generator)
        let together = try cache.attend(shape, queries)
        let width = shape.group * shape.headSize
        for row in 0..<shape.rows {
            let one = Shape(headSize: 64, group: 4, position: shape.position + row, rows: 1)
            let alone = try cache.attend(one, Array(queries[(row * width)..<((row + 1) * width)]))
            #expect(alone.map(\.bitPattern) == together[(row * width)..<((row + 1) * width)].map(\.bitPattern))
        }
    }

    /// Sequences that begin with the same blocks and have gone on in their own ways, some of them not yet far.
    @Test(arguments: KernelTable.supported, RuntimeSettings.CacheType.allCases)
    func `rows are the same to the bit alone and beside those that share their blocks`(
        kernels: KernelTable, type: RuntimeSettings.CacheType
    ) throws {
        for (headSize, group) in [(64, 4), (128, 8), (32, 3)] {
            try checkSharing(Shape(headSize: headSize, group: group, position: 300, rows: 1), kernels, type)
        }
    }

    private func checkSharing(
        _ shape: Shape, _ kernels: KernelTable, _ type: RuntimeSettings.CacheType
    ) throws {
        var generator = SplitMix64(seed: 15)
        let width = shape.group * shape.headSize
        let cache = try HeadCache(kernels, type, shape, using: &generator)
        // Position, rows, and which block each has in place of the third and later ones.
        let parts = [(130, 1, 0), (300, 1, 1), (128, 5, 3), (191, 1, 0), (250, 3, 1)].map {
            HeadCache.Part(position: $0.0, rows: $0.1, turn: $0.2)
        }
        let queries = Samples.normal(11 * width, using: &generator)
        let apart = try cache.attend(shape, parts, shared: 0, queries)
        for shared in 1...2 {
            let together = try cache.attend(shape, parts, shared: shared, queries)
            #expect(together.map(\.bitPattern) == apart.map(\.bitPattern))
        }
        var row = 0
        for part in parts {
            let range = row * width..<(row + part.rows) * width
            let alone = try cache.attend(shape, [part], shared: 0, Array(queries[range]))
            #expect(alone.map(\.bitPattern) == apart[range].map(\.bitPattern))
            row += part.rows
        }
    }

    @Test(arguments: KernelTable.supported)
    func `a key that is not finite makes the row NaN, in 8 bits too`(kernels: KernelTable) throws {
        var generator = SplitMix64(seed: 14)
        let shape = Shape(headSize: 64, group: 2, position: 70, rows: 1)
        let queries = Samples.normal(2 * 64, using: &generator)
        for type in RuntimeSettings.CacheType.allCases {
            let cache = try HeadCache(kernels, type, shape, using: &generator, poisoned: 3)
            #expect(try cache.attend(shape, queries).allSatisfy(\.isNaN))
        }
    }

    @Test(arguments: KernelTable.supported, RuntimeSettings.CacheType.allCases)
    func `what an earlier owner left in a block does not matter`(
        kernels: KernelTable, type: RuntimeSettings.CacheType
    ) throws {
        var generator = SplitMix64(seed: 13)
        let shape = Shape(headSize: 32, group: 4, position: 64, rows: 5)
        let queries = Samples.normal(shape.rows * shape.group * shape.headSize, using: &generator)
        var clean = generator
        let fresh = try HeadCache(kernels, type, shape, using: &clean).attend(shape, queries)
        let stale = try HeadCache(kernels, type, shape, using: &generator, stale: 0xff).attend(shape, queries)
        #expect(fresh.map(\.bitPattern) == stale.map(\.bitPattern))
        #expect(!fresh.contains { $0.isNaN })
    }
}

/// The K/V blocks of one head, filled for a sequence that ends with the shape's last row.
private struct HeadCache {
    private let format: ck_cache
    private let memory: Pages
    private let blockBytes: Int
    /// Not in order, as after a while in a pool.
    private let table: [Int32]
    private let keys: [[Float]]
    private let values: [[Float]]

    init(
        _ kernels: KernelTable, _ type: RuntimeSettings.CacheType, _ shape: AttentionTests.Shape,
        using generator: inout SplitMix64, stale: UInt8 = 0, poisoned: Int? = nil
    ) throws {
        let format = kernels.cacheFormat(type).pointer.pointee
        let positions = shape.position + shape.rows
        let count = KVBlock.count(for: positions)
        let bytes = format.block_bytes(shape.headSize)
        let memory = try Pages(bytes: count * bytes)
        memset(memory.base, Int32(stale), count * bytes)
        let table = (0..<count).map { Int32(count - 1 - $0) }
        var keys: [[Float]] = [], values: [[Float]] = []
        for position in 0..<positions {
            keys.append(Samples.bfloat16(shape.headSize, using: &generator))
            if position == poisoned { keys[position][5] = .nan }
            values.append(Samples.bfloat16(shape.headSize, using: &generator))
            let block = memory.base + Int(table[position / 64]) * bytes
            format.append(
                block.assumingMemoryBound(to: UInt8.self), shape.headSize, position % 64, keys[position],
                values[position])
        }
        self.format = format
        self.memory = memory
        self.table = table
        self.keys = keys
        self.values = values
        blockBytes = bytes
    }

    /// Rows of a sequence that has the first two blocks of this one, and behind them those that follow `turn` places on.
    struct Part {
        let position: Int
        let rows: Int
        let turn: Int
    }

    func attend(_ shape: AttentionTests.Shape, _ queries: [Float]) throws -> [Float] {
        try attend(shape, [Part(position: shape.position, rows: shape.rows, turn: 0)], shared: 0, queries)
    }

    func attend(_ shape: AttentionTests.Shape, _ parts: [Part], shared: Int, _ queries: [Float]) throws -> [Float] {
        let scratch = try Pages(bytes: format.scratch(shape.headSize, shape.group))
        var rows = queries
        let tables = parts.flatMap { part in
            table.prefix(2) + table.dropFirst(2).indices.map { table[2 + ($0 - 2 + part.turn) % (table.count - 2)] }
        }
        rows.withUnsafeMutableBufferPointer { rows in
            tables.withUnsafeBufferPointer { blocks in
                let parts = parts.enumerated().map { index, part in
                    ck_part(
                        rows: part.rows, position: part.position,
                        blocks: blocks.baseAddress?.advanced(by: index * table.count))
                }
                parts.withUnsafeBufferPointer { parts in
                    var attention = ck_attention(
                        head_size: shape.headSize, group: shape.group, parts: parts.baseAddress,
                        part_count: parts.count, shared: shared, queries: rows.baseAddress,
                        stride: shape.group * shape.headSize,
                        cache: memory.base.assumingMemoryBound(to: UInt8.self), block_stride: blockBytes,
                        next: ck_ahead(),
                        scratch: scratch.base)
                    format.attend(&attention)
                }
            }
        }
        return rows
    }

    /// softmax(q K^T / sqrt(d)) V
    func definition(_ shape: AttentionTests.Shape, _ queries: [Float]) -> [Double] {
        var output: [Double] = []
        for vector in 0..<(shape.rows * shape.group) {
            let query = queries[(vector * shape.headSize)..<((vector + 1) * shape.headSize)]
            let seen = shape.position + vector / shape.group + 1
            let scores = keys[..<seen].map { key in
                zip(query, key).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } / Double(shape.headSize).squareRoot()
            }
            let top = scores.max() ?? 0
            let weights = scores.map { exp($0 - top) }
            let sum = weights.reduce(0, +)
            output += (0..<shape.headSize).map { i in
                zip(weights, values).reduce(0.0) { $0 + $1.0 * Double($1.1[i]) } / sum
            }
        }
        return output
    }
}

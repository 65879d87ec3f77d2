import CKernels
import Glibc
import Model
import TestSupport

/// Memory as the kernels want it: zeroed, on huge pages.
final class Pages {
    let base: UnsafeMutableRawPointer
    private let bytes: Int

    init(bytes: Int) throws {
        guard let base = ck_pages_allocate(bytes) else { throw RuntimeError.memory(bytes: bytes, code: errno) }
        self.base = base
        self.bytes = bytes
    }

    deinit { ck_pages_free(base, bytes) }
}

/// Numbers to compute with.
enum Samples {
    static func normal(_ count: Int, using generator: inout SplitMix64) -> [Float] {
        (0..<count).map { _ in
            let radius = (-2 * log(Double.random(in: 1e-9..<1, using: &generator))).squareRoot()
            return Float(radius * cos(Double.random(in: 0..<(2 * .pi), using: &generator)))
        }
    }

    /// Values that bfloat16 holds exactly, so that every table computes on the same numbers.
    static func bfloat16(_ count: Int, using generator: inout SplitMix64) -> [Float] {
        normal(count, using: &generator).map(rounded)
    }

    static func rounded(_ x: Float) -> Float {
        Float(bitPattern: (x.bitPattern + 0x7fff + (x.bitPattern >> 16 & 1)) & 0xffff_0000)
    }
}

/// Rows of a stored type, made of chance: any bytes are values of a quantized type, but for its f16 factors.
struct StoredRows {
    let type: TensorType
    let rows: Int
    let depth: Int
    private var bytes: [UInt8]

    var rowBytes: Int { type.rowBytes(depth) }

    /// F32 and F16 hold normal numbers that bfloat16 does not hold.
    init(_ type: TensorType, rows: Int, depth: Int, using generator: inout SplitMix64) {
        self.type = type
        self.rows = rows
        self.depth = depth
        let count = rows * depth
        switch type {
        case .f32: bytes = Self.bytes(Samples.normal(count, using: &generator))
        case .bf16:
            bytes = Self.bytes(Samples.bfloat16(count, using: &generator).map { UInt16($0.bitPattern >> 16) })
        case .f16: bytes = Self.bytes(Samples.normal(count, using: &generator).map { Self.half($0) })
        default:
            var blocks = [UInt8](repeating: 0, count: rows * type.rowBytes(depth))
            for index in blocks.indices { blocks[index] = UInt8.random(in: .min ... .max, using: &generator) }
            for block in stride(from: 0, to: blocks.count, by: type.blockBytes) {
                for place in Self.factors(of: type) {
                    // 0.004 to 0.008, of either sign.
                    let factor =
                        UInt16.random(in: 0x1c00..<0x2000, using: &generator)
                        | (Bool.random(using: &generator) ? 0x8000 : 0)
                    blocks[block + place] = UInt8(factor & 0xff)
                    blocks[block + place + 1] = UInt8(factor >> 8)
                }
            }
            bytes = blocks
        }
    }

    /// Exactly what the file format says.
    func values(_ row: Int) -> [Float] {
        var values = [Float](repeating: 0, count: depth)
        bytes.withUnsafeBytes {
            ck_dequantize(ck_type(rawValue: type.rawValue), $0.baseAddress.map { $0 + row * rowBytes }, &values, depth)
        }
        return values
    }

    /// The same scales, all values with the same bits.
    func filled(_ byte: UInt8) -> StoredRows {
        var copy = self
        for block in stride(from: 0, to: bytes.count, by: type.blockBytes) {
            for place in Self.quants(of: type) { copy.bytes[block + place] = byte }
        }
        return copy
    }

    /// In the strips of a format; rows are padded with zeros.
    func panel(_ format: ck_format) throws -> Pages {
        let strips = (rows + 15) / 16
        let panel = try Pages(bytes: strips * format.strip_bytes(depth))
        var scratch = [Float](repeating: 0, count: depth)
        bytes.withUnsafeBytes { bytes in
            for strip in 0..<strips {
                let places = (0..<16).map { row -> UnsafeRawPointer? in
                    let index = strip * 16 + row
                    return index < rows ? bytes.baseAddress.map { $0 + index * rowBytes } : nil
                }
                format.lay(
                    panel.base, depth, strips, strip, ck_type(rawValue: type.rawValue), depth, places, &scratch)
            }
        }
        return panel
    }

    private static func bytes<Element>(_ values: [Element]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

    private static func half(_ x: Float) -> UInt16 {
        // Normal numbers of few bits: exponent and fraction only move.
        let bits = x.bitPattern
        guard x.magnitude >= 0x1p-14 else { return 0 }
        return UInt16(bits >> 16 & 0x8000) | UInt16(((bits & 0x7fff_ffff) - 0x3800_0000) >> 13)
    }

    /// Where the bits of the values of a block lie.
    private static func quants(of type: TensorType) -> Range<Int> {
        switch type {
        case .q4_0, .iq4NL: 2..<18
        case .q4_1: 4..<20
        case .q5_0: 2..<22
        case .q5_1: 4..<24
        case .q8_0: 2..<34
        case .q2K: 16..<80
        case .q3K: 0..<96
        case .q4K: 16..<144
        case .q5K: 16..<176
        case .q6K: 0..<192
        case .iq4XS: 8..<136
        default: 0..<0
        }
    }

    /// Where the f16 factors of a block lie.
    private static func factors(of type: TensorType) -> [Int] {
        switch type {
        case .q4_1, .q5_1, .q4K, .q5K: [0, 2]
        case .q2K: [80, 82]
        case .q3K: [108]
        case .q6K: [208]
        default: [0]
        }
    }
}

/// One product through a table, in its own layout.
struct Product {
    /// What the output holds before a product that adds.
    static let background: Float = 0.75

    /// Weights and activations as the products see them: (rows), (columns) of (depth).
    let weights: [[Float]]
    let operands: [[Float]]
    private let out: [Float]
    private let stride: Int

    init(_ kernels: KernelTable, _ stored: StoredRows, inputs: [[Float]], adding: Bool = false) throws {
        let format = kernels.format(of: stored.type).pointer.pointee, form = kernels.form(format.form)
        let columns = inputs.count, depth = stored.depth, strips = (stored.rows + 15) / 16
        let panel = try stored.panel(format)
        let packed = try Pages(bytes: columns * form.column_bytes(depth))
        for (column, values) in inputs.enumerated() {
            form.pack(packed.base, depth, columns, column, 0, values, depth)
        }
        let stride = strips * 16 + 3
        var out = [Float](repeating: Self.background, count: columns * stride)
        // In two parts, as workers would: the first of whole groups.
        let group = Int(CK_GROUP), first = min(strips, (strips / 2 + group - 1) / group * group)
        out.withUnsafeMutableBufferPointer { out in
            guard let base = out.baseAddress else { return }
            for part in [0..<first, first..<strips] where !part.isEmpty {
                format.multiply(
                    panel.base, depth, part.lowerBound, part.count, packed.base, columns, base + part.lowerBound * 16,
                    stride, adding)
            }
        }
        self.out = out
        self.stride = stride
        var row = [Float](repeating: 0, count: depth)
        weights = (0..<stored.rows).map {
            format.row(panel.base, depth, strips, $0, &row)
            return row
        }
        operands = (0..<columns).map {
            form.unpack(packed.base, depth, columns, $0, &row)
            return row
        }
    }

    subscript(row: Int, column: Int) -> Float { out[column * stride + row] }
}

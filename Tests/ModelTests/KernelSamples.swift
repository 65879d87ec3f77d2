import CKernels
import Glibc
import Model

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
    static func normal(_ count: Int, using generator: inout Generator) -> [Float] {
        (0..<count).map { _ in
            let radius = (-2 * log(Double.random(in: 1e-9..<1, using: &generator))).squareRoot()
            return Float(radius * cos(Double.random(in: 0..<(2 * .pi), using: &generator)))
        }
    }

    /// Values that bfloat16 holds exactly, so that every table computes on the same numbers.
    static func bfloat16(_ count: Int, using generator: inout Generator) -> [Float] {
        normal(count, using: &generator).map(rounded)
    }

    static func rounded(_ x: Float) -> Float {
        Float(bitPattern: (x.bitPattern + 0x7fff + (x.bitPattern >> 16 & 1)) & 0xffff_0000)
    }
}

/// One product through the table, in its own layout.
struct Product {
    /// What the output holds before a product that adds.
    static let background: Float = 0.75

    private let out: [Float]
    private let stride: Int

    init(
        _ kernels: KernelTable, _ shape: (rows: Int, depth: Int, columns: Int), _ weights: [Float], _ inputs: [Float],
        adding: Bool
    ) throws {
        let table = kernels.table.pointee
        let panel = try Self.panel(kernels, rows: shape.rows, depth: shape.depth, weights)
        let operands = try Pages(bytes: shape.columns * shape.depth * table.operand_bytes)
        for column in 0..<shape.columns {
            let values = Array(inputs[(column * shape.depth)..<((column + 1) * shape.depth)])
            table.pack(operands.base, shape.depth, shape.columns, column, 0, values, shape.depth)
        }
        let stride = shape.rows + 3
        var out = [Float](repeating: Self.background, count: shape.columns * stride)
        // In two parts, as workers would.
        let strips = shape.rows / 16, first = strips / 2
        out.withUnsafeMutableBufferPointer { out in
            guard let base = out.baseAddress else { return }
            for part in [0..<first, first..<strips] where !part.isEmpty {
                table.multiply(
                    panel.base, shape.depth, part.lowerBound, part.count, operands.base, shape.columns,
                    base + part.lowerBound * 16, stride, adding)
            }
        }
        self.out = out
        self.stride = stride
    }

    subscript(row: Int, column: Int) -> Float { out[column * stride + row] }

    static func panel(_ kernels: KernelTable, rows: Int, depth: Int, _ weights: [Float]) throws -> Pages {
        let padded = (rows + 15) / 16 * 16
        let panel = try Pages(bytes: padded * depth * kernels.table.pointee.weight_bytes)
        for row in 0..<rows {
            let values = Array(weights[(row * depth)..<((row + 1) * depth)])
            kernels.table.pointee.lay(panel.base, depth, row, values)
        }
        return panel
    }
}

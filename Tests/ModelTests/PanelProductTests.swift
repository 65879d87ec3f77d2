import CKernels
import Glibc
import Model
import TestSupport
import Testing

/// Products of every table and stored type against plain loops in double, norms and activations.
struct PanelProductTests {
    /// A depth of whole blocks, and one that ends within a block of activations where the type allows it.
    private static func depths(_ type: TensorType) -> [Int] {
        switch type.blockLength {
        case 256: [256, 768]
        case 32: [32, 416]
        default: [16, 400]
        }
    }

    /// Of several pieces, the last of them shorter; it ends within a block of activations where the type allows it.
    private static func severalPieces(_ type: TensorType) -> Int {
        switch type.blockLength {
        case 256: 4608
        case 32: 4416
        default: 4112
        }
    }

    /// Of a whole group of strips and another with fewer.
    private static let twoGroups = 101

    private static func inputs(_ columns: Int, _ depth: Int, using generator: inout SplitMix64) -> [[Float]] {
        (0..<columns).map { _ in Samples.bfloat16(depth, using: &generator) }
    }

    /// Relative to the sum of the magnitudes. The minima of a block of Q4_K and Q5_K meet sums of activations in 15 bits,
    /// which is half of 2^-15 of the largest of eight.
    private static func tolerance(_ kernels: KernelTable, _ type: TensorType) -> Double {
        let hasIntegerSums = [.q4K, .q5K].contains(type) && kernels.format(of: type).form == CK_INTEGERS
        return hasIntegerSums ? 2e-6 : 1e-6
    }

    /// Checks each output beside the tolerance, and what integer sums may lose.
    private static func check(
        _ kernels: KernelTable, _ stored: StoredRows, inputs: [[Float]], adding: Bool = false, _ label: String
    ) throws {
        let product = try Product(kernels, stored, inputs: inputs, adding: adding)
        let lost = try LostBits(kernels, stored)
        var worst = 0.0
        for column in inputs.indices {
            let scales = lost?.scales(of: product.operands[column]) ?? []
            for row in 0..<stored.rows {
                var exact = adding ? Double(Product.background) : 0
                var size = 1.0
                for (weight, x) in zip(product.weights[row], product.operands[column]) {
                    let term = Double(weight) * Double(x)
                    exact += term
                    size += abs(term)
                }
                let allowed = lost?.most(row, scales) ?? 0
                worst = max(worst, (abs(Double(product[row, column]) - exact) - allowed) / size)
            }
        }
        #expect(worst <= Self.tolerance(kernels, stored.type), "\(label)")
    }

    @Test(arguments: try KernelTable.supported + [KernelTable.openBLAS()], TensorType.allCases)
    func `multiplies any type, rows and columns`(kernels: KernelTable, type: TensorType) throws {
        var generator = SplitMix64(seed: 5)
        for (depth, rows) in zip(Self.depths(type), [5, 37]) {
            let stored = StoredRows(type, rows: rows, depth: depth, using: &generator)
            for columns in 1...40 {
                try Self.check(
                    kernels, stored, inputs: Self.inputs(columns, depth, using: &generator),
                    adding: columns.isMultiple(of: 3), "\(depth) x \(rows), \(columns) columns")
            }
        }
    }

    @Test(arguments: KernelTable.supported, TensorType.allCases)
    func `multiplies several pieces and groups`(kernels: KernelTable, type: TensorType) throws {
        var generator = SplitMix64(seed: 10)
        let depth = Self.severalPieces(type)
        let stored = StoredRows(type, rows: Self.twoGroups, depth: depth, using: &generator)
        for columns in [1, 2, 3, 16, 18] {
            try Self.check(
                kernels, stored, inputs: Self.inputs(columns, depth, using: &generator), adding: columns == 2,
                "\(columns) columns")
        }
    }

    /// The largest weights by the largest activations: what integer sums, and 16 bits of them, must hold.
    @Test(arguments: KernelTable.supported, TensorType.allCases.filter { $0.blockLength > 1 })
    func `holds the largest sums that there are`(kernels: KernelTable, type: TensorType) throws {
        var generator = SplitMix64(seed: 11)
        let depth = Self.depths(type)[1], stored = StoredRows(type, rows: 20, depth: depth, using: &generator)
        let inputs = [
            [Float](repeating: 1, count: depth), [Float](repeating: -1, count: depth),
            (0..<depth).map { $0 % 32 < 16 ? 1 : -1 }, (0..<depth).map { $0 % 64 < 32 ? 1 : -1 },
            (0..<depth).map { $0 % 16 < 8 ? 1 : -0.25 },
        ]
        for byte in [0, 0x0f, 0x80, 0xff] as [UInt8] {
            for columns in [1, 5, 9, 16, 17] {
                let group = (0..<columns).map { inputs[$0 % inputs.count] }
                try Self.check(kernels, stored.filled(byte), inputs: group, "\(byte), \(columns) columns")
            }
        }
    }

    @Test(arguments: KernelTable.supported, TensorType.allCases)
    func `a product is the same to the bit in any company`(kernels: KernelTable, type: TensorType) throws {
        try Self.checkCompany(kernels, type, rows: 48, depth: Self.depths(type)[1], columns: Array(2...40))
    }

    @Test(arguments: KernelTable.supported, TensorType.allCases)
    func `several pieces and groups are so too`(kernels: KernelTable, type: TensorType) throws {
        try Self.checkCompany(
            kernels, type, rows: Self.twoGroups, depth: Self.severalPieces(type), columns: [2, 3, 9, 16, 17, 18])
    }

    private static func checkCompany(
        _ kernels: KernelTable, _ type: TensorType, rows: Int, depth: Int, columns: [Int]
    ) throws {
        var generator = SplitMix64(seed: 6)
        let stored = StoredRows(type, rows: rows, depth: depth, using: &generator)
        let inputs = Self.inputs(columns.max() ?? 0, depth, using: &generator)
        let alone = try inputs.map { try Product(kernels, stored, inputs: [$0]) }
        for columns in columns {
            let together = try Product(kernels, stored, inputs: Array(inputs[..<columns]))
            let same = (0..<columns).allSatisfy { column in
                (0..<rows).allSatisfy { together[$0, column].bitPattern == alone[column][$0, 0].bitPattern }
            }
            #expect(same, "\(columns) columns")
        }
    }

    @Test(arguments: KernelTable.supported, TensorType.allCases)
    func `gives a row of a panel back exactly`(kernels: KernelTable, type: TensorType) throws {
        var generator = SplitMix64(seed: 7)
        for (rows, depth) in [(40, Self.depths(type)[1]), (Self.twoGroups, Self.severalPieces(type))] {
            let stored = StoredRows(type, rows: rows, depth: depth, using: &generator)
            let product = try Product(kernels, stored, inputs: Self.inputs(1, stored.depth, using: &generator))
            for row in 0..<stored.rows { #expect(product.weights[row] == stored.values(row)) }
        }
    }

    /// Within half a step of the block's scale, the largest value of a block exactly; zeros and huge spreads too. Where 16
    /// values are all nearly as large as the largest, the scale is twice as coarse.
    @Test(arguments: KernelTable.supported)
    func `int8 activations are as near as a scale for 64 allows`(kernels: KernelTable) throws {
        guard kernels.form(CK_INTEGERS).pack != nil else { return }
        var generator = SplitMix64(seed: 8)
        let depth = 560
        var values = Samples.normal(depth, using: &generator)
        for index in 256..<512 { values[index] *= 1e-30 }
        for index in 512..<560 { values[index] = 0 }
        for index in 144..<160 { values[index] = index.isMultiple(of: 3) ? -5 : 4.9 }
        let stored = StoredRows(.q8_0, rows: 1, depth: 576, using: &generator)
        let product = try Product(kernels, stored, inputs: [values + [Float](repeating: 0, count: 16)])
        for block in stride(from: 0, to: depth, by: 64) {
            let range = block..<min(block + 64, depth)
            let largest = values[range].map(\.magnitude).max() ?? 0
            let most =
                stride(from: range.lowerBound, to: range.upperBound, by: 16).map { half in
                    values[half..<half + 16].reduce(0) { $0 + $1.magnitude }
                }.max() ?? 0
            // Rounding may add a half to each of 16 bytes, and did so before the scale was chosen.
            let step = max(largest / 127, most / (1023 - 16))
            for index in range {
                #expect(abs(product.operands[0][index] - values[index]) <= step * 0.50001)
            }
        }
    }

    @Test(arguments: KernelTable.supported)
    func `normalizes by the root of the mean square`(kernels: KernelTable) {
        var generator = SplitMix64(seed: 8)
        for count in [16, 48, 2048] {
            let x = Samples.normal(count, using: &generator), weight = Samples.normal(count, using: &generator)
            var out = [Float](repeating: 0, count: count)
            kernels.table.pointee.scale(&out, x, kernels.table.pointee.inverse_rms(x, 1e-5, count), weight, count)
            let mean = x.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(count)
            for i in 0..<count {
                let exact = Double(x[i]) / (mean + 1e-5).squareRoot() * Double(weight[i])
                #expect(abs(Double(out[i]) - exact) <= 1e-6 * max(1, abs(exact)))
            }
        }
    }

    @Test(arguments: KernelTable.supported)
    func `gates by SiLU, also far from zero`(kernels: KernelTable) {
        let gates: [Float] = [-200, -88, -50, -10, -1, -0.001, 0, 0.001, 0.5, 1, 3, 10, 50, 88, 200, .nan]
        let ups = [Float](repeating: 1.5, count: 16)
        var out = [Float](repeating: 0, count: 16)
        kernels.table.pointee.gate(&out, gates, ups, 16)
        for (gate, got) in zip(gates, out) {
            if gate.isNaN {
                #expect(got.isNaN)
            } else {
                let exact = 1.5 * Double(gate) / (1 + exp(-Double(gate)))
                #expect(abs(Double(got) - exact) <= 1e-6 * max(1, abs(exact)), "gate \(gate)")
            }
        }
    }

    @Test(arguments: KernelTable.supported, [TensorType.bf16, .q8_0])
    func `a NaN stays in its column`(kernels: KernelTable, type: TensorType) throws {
        var generator = SplitMix64(seed: 9)
        let columns = 13
        let stored = StoredRows(type, rows: 32, depth: 64, using: &generator)
        for poison in [Float.nan, .infinity] {
            var inputs = Self.inputs(columns, 64, using: &generator)
            inputs[4][7] = poison
            let product = try Product(kernels, stored, inputs: inputs)
            for column in 0..<columns {
                for row in 0..<32 { #expect(product[row, column].isFinite == (column != 4)) }
            }
        }
    }
}

import CKernels
import Glibc
import Model
import Testing

/// Products, norms and activations of every table against plain loops in double.
struct PanelProductTests {
    /// Rows that are no multiple of a tile, depths that are odd multiples of 16, every width of a column group.
    static let shapes: [(rows: Int, depth: Int, columns: Int)] =
        (1...33).map { (48, 96, $0) } + [(16, 16, 1), (16, 32, 13), (80, 1040, 5), (112, 48, 64), (272, 224, 31)]

    @Test(arguments: try KernelTable.supported + [KernelTable.openBLAS()])
    func `multiplies panels of every shape`(kernels: KernelTable) throws {
        var generator = Generator(state: 5)
        for shape in Self.shapes {
            let weights = Samples.bfloat16(shape.rows * shape.depth, using: &generator)
            let inputs = Samples.bfloat16(shape.columns * shape.depth, using: &generator)
            for adding in [false, true] {
                let product = try Product(kernels, shape, weights, inputs, adding: adding)
                for column in 0..<shape.columns {
                    for row in 0..<shape.rows {
                        var exact = adding ? Double(Product.background) : 0
                        var size = 0.0
                        for k in 0..<shape.depth {
                            let term = Double(weights[row * shape.depth + k]) * Double(inputs[column * shape.depth + k])
                            exact += term
                            size += abs(term)
                        }
                        let got = Double(product[row, column])
                        #expect(abs(got - exact) <= 1e-6 * size + 1e-6, "\(shape), row \(row), column \(column)")
                    }
                }
            }
        }
    }

    @Test(arguments: KernelTable.supported)
    func `a product is the same to the bit in any company`(kernels: KernelTable) throws {
        var generator = Generator(state: 6)
        let depth = 352, rows = 144
        let weights = Samples.bfloat16(rows * depth, using: &generator)
        let inputs = Samples.bfloat16(33 * depth, using: &generator)
        let alone = try (0..<33).map { column in
            try Product(
                kernels, (rows, depth, 1), weights, Array(inputs[(column * depth)..<((column + 1) * depth)]),
                adding: false)
        }
        for columns in 2...33 {
            let together = try Product(kernels, (rows, depth, columns), weights, inputs, adding: false)
            for column in 0..<columns {
                for row in 0..<rows {
                    #expect(together[row, column].bitPattern == alone[column][row, 0].bitPattern)
                }
            }
        }
    }

    @Test(arguments: KernelTable.supported)
    func `gives a row of a panel back`(kernels: KernelTable) throws {
        var generator = Generator(state: 7)
        let depth = 80, rows = 40
        let weights = Samples.bfloat16(rows * depth, using: &generator)
        let panel = try Product.panel(kernels, rows: rows, depth: depth, weights)
        var row = [Float](repeating: 0, count: depth)
        for index in 0..<rows {
            kernels.table.pointee.row(panel.base, depth, index, &row)
            #expect(row == Array(weights[(index * depth)..<((index + 1) * depth)]))
        }
    }

    @Test(arguments: KernelTable.supported)
    func `normalizes by the root of the mean square`(kernels: KernelTable) {
        var generator = Generator(state: 8)
        for count in [16, 48, 2048] {
            let x = Samples.normal(count, using: &generator), weight = Samples.normal(count, using: &generator)
            var out = [Float](repeating: 0, count: count)
            kernels.table.pointee.norm(&out, x, weight, 1e-5, count)
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

    @Test(arguments: KernelTable.supported)
    func `a NaN stays in its column`(kernels: KernelTable) throws {
        var generator = Generator(state: 9)
        let depth = 64, rows = 32, columns = 13
        let weights = Samples.bfloat16(rows * depth, using: &generator)
        var inputs = Samples.bfloat16(columns * depth, using: &generator)
        inputs[4 * depth + 7] = .nan
        let product = try Product(kernels, (rows, depth, columns), weights, inputs, adding: false)
        for column in 0..<columns {
            for row in 0..<rows { #expect(product[row, column].isNaN == (column == 4)) }
        }
    }
}

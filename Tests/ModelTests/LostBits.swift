import CKernels
import Model

/// What sums of units lose on their way to 16 bits (integer_unpack.h): at most so many steps of a weight times steps of
/// an activation.
struct LostBits {
    /// Of the first and the second unit of 64 values.
    private let steps: (first: Double, second: Double)
    /// What one step of a weight is worth: (rows) of (units).
    private let weights: [[Double]]

    /// nil where nothing is lost.
    init?(_ kernels: KernelTable, _ stored: StoredRows) throws {
        let range: Double
        switch (kernels.name, stored.type) {
        case ("avx512", .q4K): (steps, range) = ((1, 0), 15)
        case ("avx512", .q5K): (steps, range) = ((1, 1), 31)
        case ("avx512", .iq4XS): (steps, range) = ((7, 7), 240)
        default: return nil
        }
        let low = stored.filled(0), high = stored.filled(0xff)
        weights = (0..<stored.rows).map { row in
            let low = low.values(row), high = high.values(row)
            return stride(from: 0, to: stored.depth, by: 32).map { Double(abs(high[$0] - low[$0])) / range }
        }
    }

    /// What one step of an activation is worth at most: the least of its 64 values that is not zero.
    func scales(of operands: [Float]) -> [Double] {
        stride(from: 0, to: operands.count, by: 64).map { first in
            let values = operands[first..<min(first + 64, operands.count)].map(\.magnitude).filter { $0 > 0 }
            return Double(values.min() ?? 0)
        }
    }

    /// The most that one output loses.
    func most(_ row: Int, _ scales: [Double]) -> Double {
        zip(scales.indices, scales).reduce(0) { sum, pair in
            let (first, second) = (weights[row][2 * pair.0], weights[row][2 * pair.0 + 1])
            return sum + pair.1 * (steps.first * first + steps.second * second)
        }
    }
}

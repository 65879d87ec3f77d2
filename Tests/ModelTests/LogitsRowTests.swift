import Glibc
import Model
import Testing

struct LogitsRowTests {
    private func withRow<T>(_ values: [Float], _ kernels: KernelTable, _ body: (LogitsRow) -> T) -> T {
        let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: max(1, values.count))
        defer { memory.deallocate() }
        _ = memory.initialize(from: values)
        guard let base = memory.baseAddress else { preconditionFailure("allocate gives a base address") }
        return body(LogitsRow(values: base, count: values.count, kernels: kernels))
    }

    static let lengths = [1, 2, 15, 16, 17, 31, 709, 5000]

    @Test(arguments: KernelTable.supported)
    func `argmax takes the lowest index of equal values`(kernels: KernelTable) {
        var generator = Generator(state: 3)
        for length in Self.lengths {
            for _ in 0..<20 {
                let values = (0..<length).map { _ in Float(Int.random(in: -6...6, using: &generator)) }
                let top = values.max() ?? 0
                let got = withRow(values, kernels) { $0.argmax() }
                #expect(got.index == values.firstIndex(of: top) && got.value == top)
            }
        }
    }

    @Test(arguments: KernelTable.supported)
    func `argmax of negative infinities is the first`(kernels: KernelTable) {
        let got = withRow([Float](repeating: -.infinity, count: 40), kernels) { $0.argmax() }
        #expect(got.index == 0 && got.value == -.infinity)
    }

    @Test(arguments: KernelTable.supported)
    func `argmax says NaN wherever one stands`(kernels: KernelTable) {
        for length in Self.lengths {
            for place in Set([0, length / 2, length - 1]) {
                var values = (0..<length).map { Float($0) }
                values[place] = .nan
                #expect(withRow(values, kernels) { $0.argmax().value.isNaN })
            }
        }
    }

    @Test(arguments: KernelTable.supported)
    func `logSumExp is that of the definition`(kernels: KernelTable) {
        var generator = Generator(state: 4)
        for length in Self.lengths + [128_256] {
            var values = Samples.normal(length, using: &generator).map { $0 * 6 }
            if length > 20 { values[3] = -.infinity }
            let top = values.max() ?? 0
            for scale in [Float(0.5), 1, 1.7] {
                let exact = log(values.reduce(0.0) { $0 + exp(Double(scale) * Double($1 - top)) })
                let got = withRow(values, kernels) { $0.logSumExp(scale: scale, maximum: top) }
                #expect(abs(got - exact) < 2e-6 * max(1, abs(exact)), "\(length), scale \(scale): \(got), \(exact)")
            }
        }
    }

    @Test(arguments: KernelTable.supported)
    func `candidates are those at or above the threshold, in order`(kernels: KernelTable) {
        var generator = Generator(state: 5)
        for length in Self.lengths {
            let values = (0..<length).map { _ in Float(Int.random(in: 0..<50, using: &generator)) }
            let expected = values.indices.filter { values[$0] >= 40 }.map { Int32($0) }
            var ids = [Int32](repeating: -1, count: expected.count + 1)
            let found = withRow(values, kernels) { row in
                ids.withUnsafeMutableBufferPointer { row.candidates(atLeast: 40, into: $0) }
            }
            #expect(found == expected.count && Array(ids[..<expected.count]) == expected && ids.last == -1)
        }
    }

    @Test(arguments: KernelTable.supported)
    func `more candidates than room are counted, not written`(kernels: KernelTable) {
        var ids = [Int32](repeating: -1, count: 4)
        let found = withRow([Float](repeating: 1, count: 100), kernels) { row in
            ids.withUnsafeMutableBufferPointer { row.candidates(atLeast: 1, into: .init(rebasing: $0[..<3])) }
        }
        #expect(found == 100 && ids == [0, 1, 2, -1])
    }
}

import Glibc
import Model
import TestSupport
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
        var generator = SplitMix64(seed: 3)
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

    // MARK: Weights

    private static func weights(_ values: [Float], _ scale: Float) -> [Double] {
        let top = values.max() ?? 0
        return values.map { exp(Double(scale) * (Double($0) - Double(top))) }
    }

    @Test(arguments: KernelTable.supported)
    func `weighs a row as the definition does`(kernels: KernelTable) {
        var generator = SplitMix64(seed: 4)
        for length in Self.lengths + [128_256] {
            var values = Samples.normal(length, using: &generator).map { $0 * 6 }
            if length > 20 { values[3] = -.infinity }
            let top = values.max() ?? 0, scratch = LogitsScratch(vocabularySize: length)
            for scale in [Float(1e-30), 0.5, 1, 1.7, 1e5] {
                let exact = Self.weights(values, scale).reduce(0, +)
                let got = withRow(values, kernels) { $0.weigh(scale: scale, maximum: top, scratch) }
                #expect(abs(got - exact) < 2e-6 * exact, "\(length), scale \(scale): \(got), \(exact)")
            }
        }
    }

    @Test(arguments: KernelTable.supported)
    func `picks the place where the running sum passes`(kernels: KernelTable) {
        var generator = SplitMix64(seed: 6)
        for length in Self.lengths {
            var values = Samples.normal(length, using: &generator).map { $0 * 3 }
            for place in values.indices where place % 5 == 2 { values[place] = -.infinity }
            let top = values.max() ?? 0, scratch = LogitsScratch(vocabularySize: length)
            let weights = Self.weights(values, 1)
            withRow(values, kernels) { row in
                let sum = row.weigh(scale: 1, maximum: top, scratch)
                var running = 0.0
                for (place, weight) in weights.enumerated() {
                    // In the middle of a token no rounding matters.
                    let picked = row.pick(at: running + weight / 2, scale: 1, maximum: top, scratch)
                    if weight > 1e-4 * sum { #expect(picked == place, "of \(length)") }
                    running += weight
                }
                for share in [0, 0.5, 1, 1.1] {
                    let picked = row.pick(at: share * sum, scale: 1, maximum: top, scratch)
                    #expect(picked.map { weights[$0] > 0 } == true)
                }
            }
        }
    }

    @Test(arguments: KernelTable.supported)
    func `knows what weighs more than enough`(kernels: KernelTable) {
        var generator = SplitMix64(seed: 7)
        for length in Self.lengths {
            // Many ties.
            let values = (0..<length).map { _ in Float(Int.random(in: -6...6, using: &generator)) / 2 }
            let top = values.max() ?? 0, weights = Self.weights(values, 0.7)
            withRow(values, kernels) { row in
                for place in stride(from: 0, to: length, by: max(1, length / 50)) {
                    let exact = values.indices.filter { !Self.isAhead($0, of: place, values) }
                        .reduce(0) { $0 + weights[$1] }
                    #expect(row.weighsMore(than: exact * (1 - 2e-6), from: place, scale: 0.7, maximum: top))
                    #expect(!row.weighsMore(than: exact * (1 + 2e-6), from: place, scale: 0.7, maximum: top))
                }
            }
        }
    }

    // MARK: The most likely

    private static func isAhead(_ other: Int, of place: Int, _ values: [Float]) -> Bool {
        values[other] > values[place] || (values[other] == values[place] && other < place)
    }

    private static func content(_ row: LogitsRow) -> [[Float]] {
        (0..<row.count).map { [Float(row.id(at: $0)), row.values[$0]] }
    }

    @Test(arguments: KernelTable.supported)
    func `copies those that come before one, by id, again and again`(kernels: KernelTable) {
        var generator = SplitMix64(seed: 5)
        for length in Self.lengths {
            var values = (0..<length).map { _ in Float(Int.random(in: -20..<20, using: &generator)) / 4 }
            if length > 20 { values[7] = -.infinity }
            let scratch = LogitsScratch(vocabularySize: length)
            withRow(values, kernels) { row in
                var row = row
                var ids = Array(values.indices)
                while !ids.isEmpty {
                    let place = Int.random(in: ids.indices, using: &generator), chosen = ids[place]
                    ids = ids.filter { Self.isAhead($0, of: chosen, values) }
                    row = row.leading(before: place, scratch)
                    #expect(Self.content(row) == ids.map { [Float($0), values[$0]] })
                }
            }
        }
    }

    @Test(arguments: KernelTable.supported)
    func `copies those at or above a value`(kernels: KernelTable) {
        var generator = SplitMix64(seed: 8)
        for length in Self.lengths {
            let values = (0..<length).map { _ in Float(Int.random(in: 0..<50, using: &generator)) }
            let scratch = LogitsScratch(vocabularySize: length)
            for value in [Float(0), 10, 40, 48] {
                let expected = values.indices.filter { values[$0] >= value }.map { [Float($0), values[$0]] }
                let got = withRow(values, kernels) { Self.content($0.leading(atLeast: value, scratch)) }
                #expect(got == expected)
            }
        }
    }

    @Test(arguments: KernelTable.supported)
    func `finds the largest in order, the lower id of equals first`(kernels: KernelTable) {
        var generator = SplitMix64(seed: 9)
        for length in Self.lengths {
            var values = (0..<length).map { _ in Float(Int.random(in: -9..<9, using: &generator)) }
            values[length / 2] = -.infinity
            let scratch = LogitsScratch(vocabularySize: length)
            let order = values.indices.sorted { Self.isAhead($0, of: $1, values) }
            for wanted in [0, 1, 2, 20, 5000] {
                let got = withRow(values, kernels) { $0.largest(min(wanted, length), scratch) }
                #expect(got.map(\.id) == Array(order.prefix(wanted)))
                #expect(got.allSatisfy { values[$0.id] == $0.logit })
            }
        }
    }
}

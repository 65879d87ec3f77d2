import CKernels

/// One row of logits, or those of it that `leading` kept. Samplers apply penalties and biases in place.
///
/// Places are indices into `values`. A logit's weight is exp(scale * (logit - maximum)): its probability times the
/// denominator.
package struct LogitsRow {
    package let values: UnsafeMutablePointer<Float>
    package let count: Int
    /// Nil where places are ids.
    private let ids: UnsafeMutablePointer<Int32>?
    private let kernels: KernelTable

    package init(values: UnsafeMutablePointer<Float>, count: Int, kernels: KernelTable = .best) {
        self.init(values: values, count: count, ids: nil, kernels: kernels)
    }

    private init(
        values: UnsafeMutablePointer<Float>, count: Int, ids: UnsafeMutablePointer<Int32>?, kernels: KernelTable
    ) {
        self.values = values
        self.count = count
        self.ids = ids
        self.kernels = kernels
    }

    package func id(at place: Int) -> Int { ids.map { Int($0[place]) } ?? place }

    /// The largest value and the lowest place that has it. The value is NaN if any value of the row is.
    package func argmax() -> (index: Int, value: Float) {
        var value: Float = 0
        let index = kernels.table.pointee.argmax(values, count, &value)
        return (index, value)
    }

    // MARK: Weights

    /// Weight of the row. The scratch remembers that of its stretches for `pick`.
    package func weigh(scale: Float, maximum: Float, _ scratch: LogitsScratch) -> Double {
        kernels.table.pointee.weigh(values, count, scale, maximum, scratch.parts)
    }

    /// The place at which the running sum of the weights exceeds `sum`, of the row that was weighed last. Nil if
    /// rounding left nothing to land on.
    package func pick(at sum: Double, scale: Float, maximum: Float, _ scratch: LogitsScratch) -> Int? {
        let stretch = Int(CK_STRETCH)
        var (start, left) = (0, sum)
        while start + stretch < count, left >= scratch.parts[start / stretch] {
            left -= scratch.parts[start / stretch]
            start += stretch
        }
        let length = min(stretch, count - start)
        let place = kernels.table.pointee.pick(values + start, length, scale, maximum, left)
        return place < length ? start + place : nil
    }

    /// Whether all but the logits more likely than that at `place` weigh more than `enough`.
    package func weighsMore(than enough: Double, from place: Int, scale: Float, maximum: Float) -> Bool {
        kernels.table.pointee.behind(values, count, scale, maximum, values[place], place, enough) > enough
    }

    // MARK: Parts

    /// The logits whose bit is set, bit i % 64 of word i / 64 for place i; in the scratch, until the next call with the
    /// same. The row is a whole one, whose places are ids.
    package func selecting(_ words: [UInt64], _ scratch: LogitsScratch) -> LogitsRow {
        var found = 0
        for (index, word) in words.enumerated() {
            var bits = word
            while bits != 0 {
                let id = index * 64 + bits.trailingZeroBitCount
                guard id < count else { break }
                scratch.values[found] = values[id]
                scratch.ids[found] = Int32(truncatingIfNeeded: id)
                found += 1
                bits &= bits - 1
            }
        }
        return LogitsRow(values: scratch.values, count: found, ids: scratch.ids, kernels: kernels)
    }

    // MARK: The most likely

    /// The logits more likely than that at `place`, the lower place first where they are equal. It lies in the scratch,
    /// until the next call with the same.
    package func leading(before place: Int, _ scratch: LogitsScratch) -> LogitsRow {
        leading(values[place], place, scratch)
    }

    /// The logits of at least `value`, in the scratch.
    package func leading(atLeast value: Float, _ scratch: LogitsScratch) -> LogitsRow {
        leading(value, count, scratch)
    }

    private func leading(_ value: Float, _ place: Int, _ scratch: LogitsScratch) -> LogitsRow {
        let count = kernels.table.pointee.leading(values, ids, count, value, place, scratch.values, scratch.ids)
        return LogitsRow(values: scratch.values, count: count, ids: scratch.ids, kernels: kernels)
    }

    /// The `wanted` largest, largest first, the lower id first where they are equal.
    package func largest(_ wanted: Int, _ scratch: LogitsScratch) -> [(id: Int, logit: Float)] {
        var top: [(id: Int, logit: Float)] = []
        for start in stride(from: 0, to: wanted > 0 ? count : 0, by: Int(CK_STRETCH)) {
            let stretch = LogitsRow(
                values: values + start, count: min(Int(CK_STRETCH), count - start), kernels: kernels)
            let found = stretch.leading(atLeast: top.count < wanted ? -.infinity : top[wanted - 1].logit, scratch)
            for place in 0..<found.count {
                let logit = found.values[place]
                if top.count == wanted {
                    // Ids rise, so who is equal comes too late.
                    guard logit > top[wanted - 1].logit else { continue }
                    top.removeLast()
                }
                let rank = top.firstIndex { $0.logit < logit } ?? top.count
                top.insert((start + found.id(at: place), logit), at: rank)
            }
        }
        return top
    }
}

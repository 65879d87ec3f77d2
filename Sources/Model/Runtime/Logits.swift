import CKernels

/// Logits of one step, (rows, vocabulary), float32; valid until the next forward call.
package struct Logits {
    package let rowCount: Int
    private let vocabularySize: Int
    private let base: UnsafeMutablePointer<Float>
    private let stride: Int
    private let kernels: KernelTable

    /// Rows lie `stride` floats apart; `stride` is at least the vocabulary size.
    package init(
        rowCount: Int, vocabularySize: Int, base: UnsafeMutablePointer<Float>, stride: Int,
        kernels: KernelTable = .best
    ) {
        self.rowCount = rowCount
        self.vocabularySize = vocabularySize
        self.base = base
        self.stride = stride
        self.kernels = kernels
    }

    package subscript(row: Int) -> LogitsRow {
        precondition(row >= 0 && row < rowCount, "no such row of logits")
        return LogitsRow(values: base + row * stride, count: vocabularySize, kernels: kernels)
    }
}

/// One row of logits. Samplers apply penalties and biases in place.
package struct LogitsRow {
    package let values: UnsafeMutablePointer<Float>
    package let count: Int
    private let kernels: KernelTable

    package init(values: UnsafeMutablePointer<Float>, count: Int, kernels: KernelTable = .best) {
        self.values = values
        self.count = count
        self.kernels = kernels
    }

    /// The largest value and the lowest index that has it. The value is NaN if any value of the row is.
    package func argmax() -> (index: Int, value: Float) {
        var value: Float = 0
        let index = kernels.table.pointee.argmax(values, count, &value)
        return (index, value)
    }

    /// log(sum(exp(scale * (x - maximum)))) over the row.
    package func logSumExp(scale: Float, maximum: Float) -> Double {
        kernels.table.pointee.log_sum_exp(values, count, scale, maximum)
    }

    /// Ids of the values at or above `threshold`, rising. Returns how many there are, which may be more than the
    /// buffer holds.
    package func candidates(atLeast threshold: Float, into ids: UnsafeMutableBufferPointer<Int32>) -> Int {
        kernels.table.pointee.candidates(values, count, threshold, ids.baseAddress, ids.count)
    }
}

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

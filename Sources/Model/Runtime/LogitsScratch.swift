import CKernels

/// Memory for sampling rows of one vocabulary, one row at a time.
package final class LogitsScratch {
    /// (vocabulary) values and ids of a `LogitsRow.leading`.
    let values: UnsafeMutablePointer<Float>
    let ids: UnsafeMutablePointer<Int32>
    /// Weights of the stretches of a row.
    let parts: UnsafeMutablePointer<Double>

    package init(vocabularySize: Int) {
        values = .allocate(capacity: vocabularySize)
        ids = .allocate(capacity: vocabularySize)
        parts = .allocate(capacity: vocabularySize / Int(CK_STRETCH) + 1)
    }

    deinit {
        values.deallocate()
        ids.deallocate()
        parts.deallocate()
    }
}

/// Which rows of a head rotate together in the query and key tensors of a file.
package enum RotaryLayout: Sendable, Equatable {
    /// Row i with row i + headSize / 2 (Hugging Face).
    case halfSplit(headSize: Int)
    /// Row 2i with row 2i + 1 (GGUF, Meta).
    case interleaved(headSize: Int)

    /// Where the file keeps the row that is number `row` in half-split order.
    package func storedRow(_ row: Int) -> Int {
        switch self {
        case .halfSplit: return row
        case .interleaved(let headSize):
            let within = row % headSize
            let half = headSize / 2
            return row - within + (within < half ? 2 * within : 2 * (within - half) + 1)
        }
    }
}

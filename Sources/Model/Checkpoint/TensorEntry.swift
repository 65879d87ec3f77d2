/// A tensor as its file lists it, before anyone knows what it is for. All its bytes are in the source.
struct TensorEntry: Sendable {
    let name: String
    /// Nil where the file's type is one that no weight may have.
    let type: TensorType?
    let typeName: String
    /// Outermost first: (rows, columns) or (columns).
    let shape: [Int]
    let source: ByteSource
    let offset: Int
}

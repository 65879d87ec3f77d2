/// A tensor where it lies in its file: checked to be there whole, not read yet.
///
/// Reading is positioned and keeps no state, so any number of threads may read at once.
package struct StoredTensor: Sendable {
    package let name: String
    package let type: TensorType
    /// Outputs; 1 for a vector.
    package let rows: Int
    /// Inputs: values in one row.
    package let columns: Int
    /// How query and key rows pair up; nil for every other tensor.
    package let rotaryLayout: RotaryLayout?
    let source: ByteSource
    /// First byte in `source`.
    let offset: Int

    package var rowBytes: Int { type.rowBytes(columns) }
    package var byteCount: Int { rows * rowBytes }
    package var parameterCount: Int { rows * columns }

    /// Copies `count` whole rows, as stored, from row `row` on: `count * rowBytes` bytes.
    ///
    /// The rows must lie in the tensor and fit the buffer. Fails if the file can no longer give its bytes.
    package func read(row: Int, count: Int, into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
        precondition(row >= 0 && count >= 0 && row + count <= rows, "rows outside the tensor")
        let bytes = count * rowBytes
        precondition(buffer.count >= bytes, "buffer shorter than the rows")
        try source.read(
            at: offset + row * rowBytes, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<bytes]), field: name)
    }
}

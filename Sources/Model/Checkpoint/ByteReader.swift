/// Reads a source front to back through a window, so that a header of a million fields costs a few system calls.
///
/// Every length is compared with the bytes left before anything is allocated for it.
struct ByteReader {
    let source: ByteSource
    /// Bytes of the source from `windowStart` on that are in memory.
    private var window: [UInt8] = []
    private var windowStart = 0
    private var cursor = 0

    private static let windowSize = 256 * 1024

    init(_ source: ByteSource) { self.source = source }

    /// Where the next byte is read.
    var offset: Int { windowStart + cursor }

    /// Bytes from the cursor to the end of the source.
    var left: Int { source.count - offset }

    func place(_ field: String, at offset: Int? = nil) -> CheckpointError.Place {
        CheckpointError.Place(file: source.name, offset: offset ?? self.offset, field: field)
    }

    /// A little-endian integer.
    mutating func integer<Value: FixedWidthInteger>(
        _ field: @autoclosure () -> String, as _: Value.Type = Value.self
    ) throws(CheckpointError) -> Value {
        let size = MemoryLayout<Value>.size
        try ensure(size, field())
        let value = window.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: cursor, as: Value.self) }
        cursor += size
        return Value(littleEndian: value)
    }

    /// Appends `length` bytes to `buffer`.
    mutating func bytes(
        _ length: Int, _ field: @autoclosure () -> String, into buffer: inout [UInt8]
    ) throws(CheckpointError) {
        guard length <= left else {
            throw .truncated(place(field()), needed: UInt64(length), left: UInt64(left))
        }
        var missing = length
        while missing > 0 {
            try ensure(min(missing, Self.windowSize), field())
            let piece = min(missing, window.count - cursor)
            buffer.append(contentsOf: window[cursor..<cursor + piece])
            cursor += piece
            missing -= piece
        }
    }

    /// Makes sure that `count` bytes, at most a window's worth, lie behind the cursor in the window.
    private mutating func ensure(_ count: Int, _ field: @autoclosure () -> String) throws(CheckpointError) {
        if window.count - cursor >= count { return }
        guard count <= left else {
            throw .truncated(place(field()), needed: UInt64(count), left: UInt64(left))
        }
        let start = offset
        var fresh = [UInt8](repeating: 0, count: min(Self.windowSize, source.count - start))
        let result: Result<Void, CheckpointError> = fresh.withUnsafeMutableBytes { buffer in
            do throws(CheckpointError) {
                return .success(try source.read(at: start, into: buffer, field: field()))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
        (window, windowStart, cursor) = (fresh, start, 0)
    }
}

extension ByteSource {
    /// A range as an array; the caller has bounded `length`.
    func bytes(at offset: Int, length: Int, field: String) throws(CheckpointError) -> [UInt8] {
        guard offset >= 0, length >= 0, offset <= count, length <= count - offset else {
            throw .truncated(
                CheckpointError.Place(file: name, offset: offset, field: field), needed: UInt64(max(length, 0)),
                left: UInt64(max(count - max(offset, 0), 0)))
        }
        var bytes = [UInt8](repeating: 0, count: length)
        let result: Result<Void, CheckpointError> = bytes.withUnsafeMutableBytes { buffer in
            do throws(CheckpointError) {
                return .success(try read(at: offset, into: buffer, field: field))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
        return bytes
    }

    /// The whole source, if it is no longer than `limit`.
    func wholeFile(limit: Int) throws(CheckpointError) -> [UInt8] {
        guard count <= limit else {
            throw .outOfRange(
                CheckpointError.Place(file: name, offset: nil, field: "file length"), allowed: 0...UInt64(limit),
                got: UInt64(count))
        }
        return try bytes(at: 0, length: count, field: "file")
    }
}

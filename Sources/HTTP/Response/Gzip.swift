import CZlib

/// The gzip coding of RFC 1952 by the system's zlib, whole bodies at a time.
package enum Gzip {
    /// What text shrinks by is below 20; zlib's format allows 1,032.
    package static let ratioLimit = 100
    /// Small bodies may shrink by more: a page of zeros is no attack.
    package static let freeSize = 1 << 20

    private static let pieceSize = 65_536

    /// The content of one member, at most `limit` bytes and, beyond `freeSize`, `ratioLimit` times its size: it never
    /// grows in memory beyond either. An empty body is empty.
    package static func decode(_ bytes: [UInt8], limit: Int) throws(RequestError) -> [UInt8] {
        if bytes.isEmpty { return [] }
        guard let size = UInt32(exactly: bytes.count) else { throw .bodyTooLarge(limit: limit) }
        // zlib's state points back at the stream, so that it must stay where it is.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        defer { stream.deallocate() }
        guard zlib_begin_gunzip(stream) == Z_OK else { throw .codingFailed }
        defer { inflateEnd(stream) }
        var content: [UInt8] = []
        let result: Result<Void, RequestError> = bytes.withUnsafeBufferPointer { input in
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.pointee.avail_in = size
            while true {
                let code = inflatePiece(stream, onto: &content)
                if let error = excess(content.count, of: bytes.count, limit: limit) { return .failure(error) }
                if code == Z_OK { continue }
                return verdict(code, stream.pointee, rest: input.suffix(Int(stream.pointee.avail_in)))
            }
        }
        try result.get()
        return content
    }

    /// One member of bytes; nil when zlib has no memory.
    package static func encode(_ bytes: [UInt8]) -> [UInt8]? {
        guard let size = UInt32(exactly: bytes.count) else { return nil }
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        defer { stream.deallocate() }
        // The fastest level: the cores have tokens to compute.
        guard zlib_begin_gzip(stream, Z_BEST_SPEED) == Z_OK else { return nil }
        defer { deflateEnd(stream) }
        guard let bound = UInt32(exactly: deflateBound(stream, UInt(size))) else { return nil }
        var isWhole = false
        let coded = [UInt8](unsafeUninitializedCapacity: Int(bound)) { output, count in
            bytes.withUnsafeBufferPointer { input in
                stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.pointee.avail_in = size
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = bound
                isWhole = deflate(stream, Z_FINISH) == Z_STREAM_END
                count = Int(bound - stream.pointee.avail_out)
            }
        }
        return isWhole ? coded : nil
    }

    private static func inflatePiece(_ stream: UnsafeMutablePointer<z_stream>, onto content: inout [UInt8]) -> Int32 {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: pieceSize) { buffer in
            stream.pointee.next_out = buffer.baseAddress
            stream.pointee.avail_out = UInt32(pieceSize)
            let code = inflate(stream, Z_NO_FLUSH)
            content.append(contentsOf: buffer[..<(pieceSize - Int(stream.pointee.avail_out))])
            return code
        }
    }

    private static func excess(_ count: Int, of coded: Int, limit: Int) -> RequestError? {
        if count > limit { return .contentTooLarge(limit: limit) }
        if count > freeSize, count / ratioLimit >= coded { return .compressedTooMuch(limit: ratioLimit) }
        return nil
    }

    /// What the end of a member means, or of the input before it.
    private static func verdict(
        _ code: Int32, _ stream: z_stream, rest: Slice<UnsafeBufferPointer<UInt8>>
    ) -> Result<Void, RequestError> {
        switch code {
        case Z_STREAM_END where rest.isEmpty: return .success(())
        case Z_STREAM_END where rest.starts(with: [0x1F, 0x8B]):
            return .failure(.malformed("the gzip body has more than one member"))
        case Z_STREAM_END: return .failure(.malformed("bytes follow the end of the gzip body"))
        case Z_BUF_ERROR: return .failure(.malformed("the gzip body ends before its content does"))
        case Z_DATA_ERROR:
            // zlib's own words, none of the client's.
            let reason = stream.msg.map { String(cString: $0) } ?? "no reason given"
            return .failure(.malformed("the gzip body is damaged: \(reason)"))
        case Z_NEED_DICT: return .failure(.malformed("the gzip body is damaged: it needs a dictionary"))
        default: return .failure(.codingFailed)
        }
    }
}

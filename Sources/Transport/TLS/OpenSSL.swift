import COpenSSL

/// OpenSSL's habits: errors in a queue of the thread, texts in the caller's buffer.
enum OpenSSL {
    /// Runs calls and returns what they return, and the reason of the newest error that they left. No await may stand
    /// between a call and its error.
    static func calling<Value>(_ body: () -> Value) -> (value: Value, reason: String) {
        ERR_clear_error()
        let value = body()
        defer { ERR_clear_error() }
        return (value, reason(ERR_peek_last_error()))
    }

    /// Reads bytes as PEM by `body`, which gets a BIO over them.
    static func reading<Value>(_ bytes: [UInt8], _ body: (OpaquePointer) -> Value) -> Value? {
        bytes.withUnsafeBytes { buffer in
            guard let count = Int32(exactly: buffer.count), let source = BIO_new_mem_buf(buffer.baseAddress, count)
            else {
                return nil
            }
            defer { BIO_free(source) }
            return body(source)
        }
    }

    /// Text of a call that fills a buffer and returns the length.
    static func text(_ body: (UnsafeMutablePointer<CChar>, Int32) -> Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { buffer in
            guard let start = buffer.baseAddress else { return "" }
            let count = Int(body(start, Int32(buffer.count)))
            return String(decoding: buffer[..<max(0, min(count, buffer.count))].lazy.map(UInt8.init), as: UTF8.self)
        }
    }

    static func reason(_ code: UInt) -> String {
        ERR_reason_error_string(code).map { String(cString: $0) } ?? "no reason given"
    }
}

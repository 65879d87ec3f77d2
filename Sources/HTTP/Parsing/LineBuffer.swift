import Glibc

/// Bytes that have come and are not parsed yet, read as lines or as runs.
struct LineBuffer {
    private(set) var bytes: [UInt8] = []
    private var start = 0
    /// No line feed is before this.
    private var scanned = 0

    enum Line: Equatable {
        /// The line without its CRLF.
        case line(ArraySlice<UInt8>)
        /// Neither a line nor too long yet.
        case incomplete
        case tooLong
        /// It ended in a bare line feed.
        case bareLineFeed
    }

    var count: Int { bytes.count - start }
    var first: UInt8? { start < bytes.count ? bytes[start] : nil }

    mutating func append(_ more: [UInt8]) {
        if start == bytes.count {
            bytes = more
            (start, scanned) = (0, 0)
            return
        }
        if start > 0 {
            bytes.removeFirst(start)
            scanned -= start
            start = 0
        }
        bytes.append(contentsOf: more)
    }

    /// What is there, without taking it.
    var peek: ArraySlice<UInt8> { bytes[start...] }

    /// The next line of at most `limit` bytes. A line that is too long is found so at the same byte however it comes.
    mutating func nextLine(limit: Int) -> Line {
        guard let end = lineFeed() else {
            scanned = bytes.count
            // One byte more may be the CR.
            return count > limit + 1 ? .tooLong : .incomplete
        }
        let line = bytes[start..<end]
        if line.count > limit + 1 { return .tooLong }
        guard line.last == ASCII.carriageReturn else { return line.count > limit ? .tooLong : .bareLineFeed }
        start = end + 1
        scanned = start
        return .line(line.dropLast())
    }

    private func lineFeed() -> Int? {
        let from = max(scanned, start)
        return bytes.withUnsafeBytes { buffer -> Int? in
            guard let base = buffer.baseAddress, from < buffer.count else { return nil }
            let found = memchr(base + from, Int32(ASCII.lineFeed), buffer.count - from)
            return found.map { UnsafeRawPointer($0) - base }
        }
    }

    /// Takes up to `limit` bytes.
    mutating func take(_ limit: Int) -> ArraySlice<UInt8> {
        let end = start + min(limit, count)
        defer {
            start = end
            scanned = end
        }
        return bytes[start..<end]
    }
}

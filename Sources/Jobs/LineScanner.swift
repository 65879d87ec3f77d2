import Glibc

/// Cuts a file of lines that comes in pieces. No I/O, and never more in memory than a piece and a line of the limit.
package struct LineScanner {
    package struct Line: Sendable, Equatable {
        /// From 1, blank lines counted.
        package let number: Int
        /// Where it lies in the file, without its line feed.
        package let start: Int
        package let length: Int
        /// Its bytes; nil where they are more than the limit.
        package let bytes: [UInt8]?

        /// Nothing but blanks.
        package var isBlank: Bool { bytes?.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D } ?? false }
    }

    private static let lineFeed: UInt8 = 0x0A

    private let limit: Int
    private var buffer: [UInt8] = []
    /// Of the buffer: where the line begins, and up to where there is no line feed.
    private var (begin, scanned) = (0, 0)
    /// Of the file: where the buffer begins, and where a line that is too long began.
    private var base = 0
    private var longStart: Int?
    private var number = 0

    /// - Parameter limit: of the bytes of a line.
    package init(limit: Int) { self.limit = limit }

    package mutating func append(_ bytes: [UInt8]) {
        buffer.removeFirst(begin)
        base += begin
        scanned -= begin
        begin = 0
        buffer += bytes
    }

    /// The next line, or nil when it needs more bytes.
    ///
    /// - Parameter isLast: no more bytes will come: what is left is a line.
    package mutating func next(isLast: Bool = false) -> Line? {
        if let end = lineFeed() {
            defer { (begin, scanned) = (end + 1, end + 1) }
            return line(to: end)
        }
        scanned = buffer.count
        if buffer.count - begin > limit {
            longStart = longStart ?? base + begin
            begin = buffer.count
        }
        guard isLast, begin < buffer.count || longStart != nil else { return nil }
        defer { begin = buffer.count }
        return line(to: buffer.count)
    }

    private mutating func line(to end: Int) -> Line {
        number += 1
        let start = longStart ?? base + begin
        let length = base + end - start
        defer { longStart = nil }
        return Line(
            number: number, start: start, length: length, bytes: length > limit ? nil : Array(buffer[begin..<end]))
    }

    private func lineFeed() -> Int? {
        buffer.withUnsafeBytes { bytes -> Int? in
            guard let first = bytes.baseAddress, scanned < bytes.count else { return nil }
            let found = memchr(first + scanned, Int32(Self.lineFeed), bytes.count - scanned)
            return found.map { UnsafeRawPointer($0) - first }
        }
    }
}

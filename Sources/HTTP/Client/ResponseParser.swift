package import HTTPTypes

/// Takes the bytes of one response apart (RFC 9112 section 6). Feed it, then take what is there.
package struct ResponseParser {
    package enum Piece: Equatable {
        case head(HTTPResponse)
        case body([UInt8])
        case end
    }

    private enum Framing {
        case length(Int)
        case chunked
        /// Inside a chunk, with as many bytes to come, and the line end behind them.
        case chunk(Int)
        case chunkEnd
        case trailers
        case untilClose
    }

    private enum State {
        case head
        case body(Framing)
        case done
    }

    /// Longer heads and chunk lines than any server has reason to send.
    private static let lineLimit = 64 << 10

    private var buffer: [UInt8] = []
    private var state = State.head
    /// A response to HEAD has a length but no body.
    private let expectsBody: Bool

    package init(expectsBody: Bool = true) { self.expectsBody = expectsBody }

    package mutating func feed(_ bytes: [UInt8]) { buffer += bytes }

    /// The next piece, or nil until more bytes are fed.
    /// - Parameter atEnd: the server has closed; a body without length ends there.
    package mutating func next(atEnd: Bool = false) throws(ClientError) -> Piece? {
        while true {
            let size = buffer.count
            if let piece = try step(atEnd: atEnd) { return piece }
            // A step that took nothing from the buffer waits for more.
            guard buffer.count < size else {
                guard !atEnd else { throw .disconnected }
                return nil
            }
        }
    }

    private mutating func step(atEnd: Bool) throws(ClientError) -> Piece? {
        switch state {
        case .head:
            // 1xx heads come before the real one.
            guard let head = try takeHead(), head.status.kind != .informational else { return nil }
            state = try .body(framing(of: head))
            return .head(head)
        case .body(let framing): return try next(framing, atEnd: atEnd)
        case .done: return .end
        }
    }

    // MARK: Head

    private mutating func takeHead() throws(ClientError) -> HTTPResponse? {
        guard let end = position(of: [13, 10, 13, 10]) else {
            guard buffer.count <= Self.lineLimit else { throw .malformed("response head over \(Self.lineLimit) bytes") }
            return nil
        }
        let lines = buffer[..<end].split(separator: 10).map { line in line.last == 13 ? line.dropLast() : line }
        buffer.removeSubrange(..<(end + 4))
        guard let first = lines.first, first.starts(with: "HTTP/1.".utf8) else { throw .malformed("status line") }
        guard let code = Self.number(first.dropFirst(9).prefix(3), radix: 10), (100...599).contains(code) else {
            throw .malformed("status code")
        }
        var fields = HTTPFields()
        for line in lines.dropFirst() {
            let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let name = HTTPField.Name(String(decoding: parts[0], as: UTF8.self)) else {
                throw .malformed("header line")
            }
            fields.append(HTTPField(name: name, value: String(decoding: parts[1], as: UTF8.self)))
        }
        return HTTPResponse(status: HTTPResponse.Status(code: code), headerFields: fields)
    }

    private func framing(of head: HTTPResponse) throws(ClientError) -> Framing {
        if !expectsBody || head.status == .noContent || head.status == .notModified { return .length(0) }
        if head.headerFields[.transferEncoding]?.lowercased() == "chunked" { return .chunked }
        guard let text = head.headerFields[.contentLength] else { return .untilClose }
        guard let length = Self.number(text.utf8, radix: 10) else { throw .malformed("content length") }
        return .length(length)
    }

    // MARK: Body

    private mutating func next(_ framing: Framing, atEnd: Bool) throws(ClientError) -> Piece? {
        switch framing {
        case .length(0): return finish()
        case .length(let left): return take(atMost: left) { .length($0) }
        case .chunk(let left): return take(atMost: left) { $0 == 0 ? .chunkEnd : .chunk($0) }
        case .untilClose:
            if buffer.isEmpty { return atEnd ? finish() : nil }
            return take(atMost: .max) { _ in .untilClose }
        case .chunked: try takeChunkSize()
        case .chunkEnd:
            guard let line = try takeLine() else { return nil }
            guard line.isEmpty else { throw .malformed("chunk end") }
            state = .body(.chunked)
        case .trailers:
            guard let line = try takeLine() else { return nil }
            if line.isEmpty { return finish() }
        }
        return nil
    }

    private mutating func finish() -> Piece {
        state = .done
        return .end
    }

    private mutating func take(atMost limit: Int, _ framing: (Int) -> Framing) -> Piece? {
        guard !buffer.isEmpty else { return nil }
        let count = min(limit, buffer.count)
        let bytes = Array(buffer[..<count])
        buffer.removeSubrange(..<count)
        state = .body(framing(limit - count))
        return .body(bytes)
    }

    private mutating func takeChunkSize() throws(ClientError) {
        guard let line = try takeLine() else { return }
        guard let size = Self.number(line.prefix { $0 != UInt8(ascii: ";") }, radix: 16) else {
            throw .malformed("chunk size")
        }
        state = .body(size == 0 ? .trailers : .chunk(size))
    }

    /// The bytes before the next CRLF, which is dropped.
    private mutating func takeLine() throws(ClientError) -> [UInt8]? {
        guard let end = position(of: [13, 10]) else {
            guard buffer.count <= Self.lineLimit else { throw .malformed("line over \(Self.lineLimit) bytes") }
            return nil
        }
        let line = Array(buffer[..<end])
        buffer.removeSubrange(..<(end + 2))
        return line
    }

    private func position(of pattern: [UInt8]) -> Int? {
        guard buffer.count >= pattern.count else { return nil }
        return (0...(buffer.count - pattern.count)).first { start in
            pattern.indices.allSatisfy { buffer[start + $0] == pattern[$0] }
        }
    }

    private static func number(_ digits: some Sequence<UInt8>, radix: Int) -> Int? {
        let text = String(decoding: Array(digits), as: UTF8.self)
        guard !text.isEmpty, text.utf8.allSatisfy({ UInt8(ascii: "0") <= $0 }) else { return nil }
        return Int(text, radix: radix)
    }
}

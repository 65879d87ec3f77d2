import HTTPTypes

/// Turns the bytes of a connection into requests: HTTP/1.1 of RFC 9112, where that leaves a choice the strict one.
///
/// No I/O and no time. Give it bytes by `append`, then call `next` until it returns nil. What it returns does not
/// depend on how the bytes were cut. After an error every call throws the same error: what follows is never taken for
/// a request.
package struct RequestParser {
    package enum Event: Sendable {
        /// Everything before the body. The body follows as one `.body`, also when it is empty.
        case head(ParsedHead)
        case body([UInt8])
    }

    private enum State {
        case requestLine(emptyLines: Int)
        case fields(HeadParser)
        case body(BodyParser)
        case failed(RequestError)
    }

    private let limits: RequestLimits
    private var buffer = LineBuffer()
    private var state = State.requestLine(emptyLines: 0)

    package init(limits: RequestLimits = RequestLimits()) { self.limits = limits }

    package mutating func append(_ bytes: [UInt8]) { buffer.append(bytes) }

    /// Whether part of a request has come that is not yet complete.
    package var isInsideRequest: Bool {
        if case .requestLine = state { buffer.count > 0 } else { true }
    }

    /// Bytes of the body that have come so far.
    package var bodyCount: Int { if case .body(let body) = state { body.count } else { 0 } }

    /// The next event, or nil when it needs more bytes.
    package mutating func next() throws(RequestError) -> Event? {
        do throws(RequestError) {
            return try step()
        } catch {
            state = .failed(error)
            throw error
        }
    }

    /// Sets how large the body of the head that came last may be.
    package mutating func limitBody(to count: Int) throws(RequestError) {
        guard case .body(var body) = state else { return }
        do throws(RequestError) {
            try body.limit(to: count)
            state = .body(body)
        } catch {
            state = .failed(error)
            throw error
        }
    }

    /// What has come of the body since the last call, in place of its `.body` event; nil once it has ended.
    package mutating func nextPiece() throws(RequestError) -> [UInt8]? {
        guard case .body(var body) = state else {
            if case .failed(let error) = state { throw error }
            return nil
        }
        // The state lets go of the body's array, so that it is not copied as it grows.
        state = .requestLine(emptyLines: 0)
        do throws(RequestError) {
            let hasEnded = try body.next(&buffer)
            let piece = try body.take()
            if !hasEnded || !piece.isEmpty { state = .body(body) }
            return hasEnded && piece.isEmpty ? nil : piece
        } catch {
            state = .failed(error)
            throw error
        }
    }

    private mutating func step() throws(RequestError) -> Event? {
        while true {
            switch state {
            case .failed(let error): throw error
            case .requestLine(let emptyLines):
                guard let line = try requestLine() else { return nil }
                if line.isEmpty {
                    guard emptyLines < limits.leadingLines else {
                        throw .malformed("too many empty lines before a request")
                    }
                    state = .requestLine(emptyLines: emptyLines + 1)
                } else {
                    state = .fields(try HeadParser(requestLine: line, limits: limits))
                }
            case .fields(var head):
                state = .requestLine(emptyLines: 0)
                guard let parsed = try head.next(&buffer) else {
                    state = .fields(head)
                    return nil
                }
                state = .body(BodyParser(framing: parsed.framing, coding: parsed.contentCoding, limits: limits))
                return .head(parsed)
            case .body(var body):
                // The state lets go of the body's array, so that it is not copied as it grows.
                state = .requestLine(emptyLines: 0)
                if try body.next(&buffer) { return .body(try body.content()) }
                state = .body(body)
                return nil
            }
        }
    }

    private mutating func requestLine() throws(RequestError) -> ArraySlice<UInt8>? {
        // A TLS hello or other noise need not contain a line feed: it is refused at its first byte.
        if let first = buffer.first, first != ASCII.carriageReturn, !ASCII.isToken(first) {
            throw .malformed("the request line must begin with a method")
        }
        switch buffer.nextLine(limit: limits.requestLine) {
        case .line(let line): return line
        case .incomplete: return nil
        case .tooLong: throw .requestLineTooLong(limit: limits.requestLine)
        case .bareLineFeed: throw .malformed("the request line must end in CRLF")
        }
    }
}

import Transport

/// Feeds a parser from a stream, within the time that a client has.
struct RequestReader {
    let stream: any ByteStream
    let settings: ServerSettings
    var parser: RequestParser

    /// The next head and when its first byte was there; nil when the client ended between requests, or was too late, or
    /// `begin` (called at the first byte) said no.
    mutating func head(
        deadline: ContinuousClock.Instant, begin: () -> Bool
    ) async throws -> (ParsedHead, ContinuousClock.Instant)? {
        var deadline = deadline
        var receivedAt: ContinuousClock.Instant?
        while true {
            if receivedAt == nil, parser.isInsideRequest {
                guard begin() else { return nil }
                receivedAt = .now
                deadline = .now + settings.headLimit
            }
            if case .head(let head) = try parser.next() { return (head, receivedAt ?? .now) }
            let late = parser.isInsideRequest ? RequestError.headTimedOut(limit: settings.headLimit) : nil
            guard try await more(deadline: deadline, late: late) else { return nil }
        }
    }

    /// The body of the request whose head was returned last.
    mutating func body() async throws -> [UInt8] {
        let start = ContinuousClock.now
        while true {
            if case .body(let body) = try parser.next() { return body }
            try await moreBody(since: start, pace: settings.bodyBytesPerSecond)
        }
    }

    /// The next bytes of such a body, at least one; nil at its end.
    mutating func piece(since start: ContinuousClock.Instant) async throws -> [UInt8]? {
        while true {
            guard let piece = try parser.nextPiece() else { return nil }
            if !piece.isEmpty { return piece }
            try await moreBody(since: start, pace: settings.uploadBytesPerSecond)
        }
    }

    private mutating func moreBody(since start: ContinuousClock.Instant, pace: Int) async throws {
        let earned = Duration.seconds(parser.bodyCount / max(1, pace))
        let deadline = min(.now + settings.bodyGap, start + settings.bodyGrace + earned)
        guard try await more(deadline: deadline, late: .bodyTimedOut) else {
            throw RequestError.incompleteBody(received: parser.bodyCount)
        }
    }

    /// Reads once; false at the end of the client's bytes. Throws `late`, if given, when the deadline passes.
    private mutating func more(deadline: ContinuousClock.Instant, late: RequestError?) async throws -> Bool {
        let bytes: [UInt8]
        do throws(TransportError) {
            bytes = try await stream.read(deadline: deadline)
        } catch {
            if let late, error == .timedOut { throw late }
            throw error
        }
        parser.append(bytes)
        return !bytes.isEmpty
    }
}

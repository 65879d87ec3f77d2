/// The body of a request whose handler takes it piece by piece, so that it never lies in memory as a whole.
package actor RequestBody {
    /// Nil while a piece is being read.
    private var reader: RequestReader?
    private let start = ContinuousClock.now
    private var hasEnded = false

    init(_ reader: RequestReader) { self.reader = reader }

    /// The next bytes, at least one; nil at the end of the body. One call at a time. Throws a `RequestError` that is
    /// the client's to know, or what the connection's end throws.
    package func next() async throws -> [UInt8]? {
        guard !hasEnded, var reader = take() else { return nil }
        defer { self.reader = reader }
        let piece = try await reader.piece(since: start)
        hasEnded = piece == nil
        return piece
    }

    /// Out of the actor, so that its buffer is not copied when bytes are added.
    private func take() -> RequestReader? {
        defer { reader = nil }
        return reader
    }

    /// The parser behind the body, or nil when it was not read to its end: nobody can say where the next request is.
    func finish() -> (parser: RequestParser?, count: Int) {
        let count = reader?.parser.bodyCount ?? 0
        return (hasEnded ? reader?.parser : nil, count)
    }
}

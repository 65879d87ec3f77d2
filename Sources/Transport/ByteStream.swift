/// A two-way stream of bytes with one reader and any number of writers: a socket, TLS around one, in tests memory.
///
/// Every wait ends when its task is cancelled. Once `close` was called, each operation throws `.closed`.
package protocol ByteStream: Sendable {
    /// The other end's address without its port, `127.0.0.1` or `::1`; a name for streams that have none.
    var peer: String { get }

    /// Who the other end proved to be: the subject of its certificate; nil where nobody asked, or before it has.
    var identity: String? { get }

    /// The next bytes, as many as have come (at least one), or empty at the end of the peer's bytes.
    /// Throws `.timedOut` when nothing has come at `deadline`; the stream stays usable.
    func read(deadline: ContinuousClock.Instant?) async throws(TransportError) -> [UInt8]

    /// Sends all bytes, and returns when the last is with the system. Writes never mix: the bytes of each call stay
    /// together. A peer that takes nothing for the stall limit of the stream is cut off: `.timedOut`, and the stream
    /// is closed.
    func write(_ bytes: [UInt8]) async throws(TransportError)

    /// Waits, without a reader, until the peer has ended its side or has gone. Bytes that come meanwhile are kept for
    /// the next `read`, up to one bounded buffer; behind a full buffer a departure is not seen.
    /// Returns nil when `stopWatching` ended the wait. At most one watcher.
    func departure() async throws(TransportError) -> Departure?

    /// Ends the wait of `departure`, also of one that begins just later.
    func stopWatching()

    /// Sends the end of our bytes, discards what the peer still sends until it ends too or `deadline` passes, and
    /// closes. Without that a close with unread bytes makes the system send RST, which can destroy our last response
    /// on its way.
    func finish(deadline: ContinuousClock.Instant) async

    /// Closes now and ends all waits.
    func close()
}

extension ByteStream {
    package var identity: String? { nil }
}

/// How a peer left.
package enum Departure: Sendable, Equatable {
    /// It sent the end of its bytes. It may still read (a half-close) or not: TCP does not tell.
    case ended
    /// It reset the connection, or the connection broke.
    case reset
}

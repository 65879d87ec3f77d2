import Synchronization

/// A stream whose proxy has said who the peer is. Bytes that came with the header are read first.
package final class ProxiedStream: ByteStream {
    package let peer: String
    private let stream: any ByteStream
    private let received: Mutex<[UInt8]>

    private init(_ stream: any ByteStream, peer: String, received: [UInt8]) {
        (self.stream, self.peer) = (stream, peer)
        self.received = Mutex(received)
    }

    /// Reads the header that the stream must begin with.
    package static func accept(
        _ stream: any ByteStream, deadline: ContinuousClock.Instant
    ) async throws -> ProxiedStream {
        var bytes: [UInt8] = []
        while true {
            if let header = try ProxyHeader(parsing: bytes) {
                let peer = header.source?.description ?? stream.peer
                return ProxiedStream(stream, peer: peer, received: Array(bytes[header.length...]))
            }
            let more = try await stream.read(deadline: deadline)
            guard !more.isEmpty else { throw TransportError.closed }
            bytes += more
        }
    }

    package func read(deadline: ContinuousClock.Instant?) async throws(TransportError) -> [UInt8] {
        let early = received.withLock { bytes in
            defer { bytes = [] }
            return bytes
        }
        return early.isEmpty ? try await stream.read(deadline: deadline) : early
    }

    package func write(_ bytes: [UInt8]) async throws(TransportError) { try await stream.write(bytes) }
    package func departure() async throws(TransportError) -> Departure? { try await stream.departure() }
    package func stopWatching() { stream.stopWatching() }
    package func finish(deadline: ContinuousClock.Instant) async { await stream.finish(deadline: deadline) }
    package func close() { stream.close() }
}

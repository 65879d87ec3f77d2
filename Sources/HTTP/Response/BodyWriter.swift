import Synchronization
package import Transport

/// Writes the body of a streamed response. Calls from several tasks are safe; the bytes of one call stay together.
package final class BodyWriter: Sendable {
    private let stream: any ByteStream
    private let isChunked: Bool
    private let turnstile = Turnstile()
    private let state: Mutex<State>

    private struct State {
        /// What is sent before the first bytes.
        var head: [UInt8]
        var hasBegun = false
        var count = 0
    }

    /// `head` goes out together with the first bytes of the body.
    package init(_ stream: any ByteStream, head: [UInt8] = [], isChunked: Bool = false) {
        self.stream = stream
        self.isChunked = isChunked
        state = Mutex(State(head: head))
    }

    /// Sends bytes and returns when the system has taken them, so a slow client slows its producer. An empty array
    /// sends nothing. The response's head goes out with the first bytes.
    /// Throws once the client is gone, or the task cancelled.
    package func write(_ bytes: [UInt8]) async throws(TransportError) {
        if bytes.isEmpty { return }
        if Task.isCancelled { throw .cancelled }
        try await send(isChunked ? ResponseEncoder.chunk(bytes) : bytes, counting: bytes.count)
    }

    /// Sends the end of the body, and the head if nothing has sent it.
    func end() async throws(TransportError) {
        try await send(isChunked ? ResponseEncoder.lastChunk : [], counting: 0)
    }

    /// Bytes of the body sent so far.
    var count: Int { state.withLock(\.count) }
    var hasBegun: Bool { state.withLock(\.hasBegun) }

    private func send(_ bytes: [UInt8], counting count: Int) async throws(TransportError) {
        await turnstile.enter()
        defer { turnstile.leave() }
        let message = state.withLock { state in
            defer { (state.head, state.hasBegun) = ([], true) }
            state.count += count
            return state.head.isEmpty ? bytes : state.head + bytes
        }
        if !message.isEmpty { try await stream.write(message) }
    }
}

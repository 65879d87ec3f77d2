import Synchronization

/// One end of a two-way stream in memory, for tests and for calls inside the process. It keeps no time: a test lets
/// deadlines pass by `passDeadlines`.
package final class MemoryStream: ByteStream {
    /// Bytes on their way in one direction. A writer waits while more than this is unread.
    private static let capacity = 65_536

    private struct State {
        var bytes: [UInt8] = []
        var hasEnded = false
        var isReset = false
        var isWatchStopped = false
        var reader: CheckedContinuation<Result<[UInt8], TransportError>, Never>?
        var readerHasDeadline = false
        var watcher: CheckedContinuation<Result<Departure?, TransportError>, Never>?
        var writers: [CheckedContinuation<Void, Never>] = []
        /// To be run when the lock is left, see `SocketState.Wake`.
        var wakes: [@Sendable () -> Void] = []

        var departure: Departure? { isReset ? .reset : hasEnded ? .ended : nil }

        mutating func takeReceived() -> Result<[UInt8], TransportError>? {
            if isReset { return .failure(.reset) }
            guard !bytes.isEmpty else { return hasEnded ? .success([]) : nil }
            defer { bytes = [] }
            return .success(bytes)
        }

        /// Wakes whoever waits for what is there now.
        mutating func deliver() {
            if reader != nil, let outcome = takeReceived() { endRead(outcome) }
            if watcher != nil, let departure { endWatch(.success(departure)) }
            if isReset || bytes.count <= MemoryStream.capacity {
                wakeWriters()
            }
        }

        mutating func wakeWriters() {
            for writer in writers { wakes.append { writer.resume() } }
            writers = []
        }

        mutating func endRead(_ outcome: Result<[UInt8], TransportError>) {
            if let reader { wakes.append { reader.resume(returning: outcome) } }
            reader = nil
        }

        mutating func endWatch(_ outcome: Result<Departure?, TransportError>) {
            if let watcher { wakes.append { watcher.resume(returning: outcome) } }
            watcher = nil
        }
    }

    private final class Direction: Sendable {
        private let state = Mutex(State())

        func update<Value: Sendable>(_ body: (inout State) -> Value) -> Value {
            let (value, wakes) = state.withLock { state in
                let value = body(&state)
                defer { state.wakes = [] }
                return (value, state.wakes)
            }
            for wake in wakes { wake() }
            return value
        }
    }

    package let peer: String
    private let incoming: Direction
    private let outgoing: Direction
    private let isClosed = Atomic(false)

    private init(peer: String, incoming: Direction, outgoing: Direction) {
        self.peer = peer
        self.incoming = incoming
        self.outgoing = outgoing
    }

    /// The two ends. `peer` is what the server's end reports as its peer.
    package static func pair(peer: String = "memory") -> (client: MemoryStream, server: MemoryStream) {
        let (up, down) = (Direction(), Direction())
        return (
            MemoryStream(peer: "server", incoming: down, outgoing: up),
            MemoryStream(peer: peer, incoming: up, outgoing: down)
        )
    }

    package func read(deadline: ContinuousClock.Instant?) async throws(TransportError) -> [UInt8] {
        let outcome: Result<[UInt8], TransportError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                incoming.update { state in
                    if isClosed.load(ordering: .acquiring) {
                        return state.wakes.append { continuation.resume(returning: .failure(.closed)) }
                    }
                    if Task.isCancelled {
                        return state.wakes.append { continuation.resume(returning: .failure(.cancelled)) }
                    }
                    state.reader = continuation
                    state.readerHasDeadline = deadline != nil
                    state.deliver()
                }
            }
        } onCancel: {
            incoming.update { $0.endRead(.failure(.cancelled)) }
        }
        return try outcome.get()
    }

    /// Fails a read of this end that waits with a deadline. True if one did.
    package func passDeadlines() -> Bool {
        incoming.update { state in
            guard state.reader != nil, state.readerHasDeadline else { return false }
            state.endRead(.failure(.timedOut))
            return true
        }
    }

    /// Whether bytes of this end wait for the other to read them.
    package var hasUnreadBytes: Bool { outgoing.update { !$0.bytes.isEmpty } }

    package func write(_ bytes: [UInt8]) async throws(TransportError) {
        if isClosed.load(ordering: .acquiring) { throw .closed }
        let mustWait: Bool? = outgoing.update { state in
            guard !state.isReset else { return nil }
            state.bytes.append(contentsOf: bytes)
            state.deliver()
            return state.bytes.count > Self.capacity
        }
        guard let mustWait else { throw .reset }
        if !mustWait { return }
        await room()
        if Task.isCancelled { throw .cancelled }
        if isClosed.load(ordering: .acquiring) { throw .closed }
        if outgoing.update({ $0.isReset }) { throw .reset }
    }

    private func room() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                outgoing.update { state in
                    if Task.isCancelled || state.isReset || state.bytes.count <= Self.capacity {
                        return state.wakes.append { continuation.resume() }
                    }
                    state.writers.append(continuation)
                }
            }
        } onCancel: {
            // Others wake too, and wait again through their next write; the bytes are queued already.
            outgoing.update { state in
                state.wakeWriters()
            }
        }
    }

    package func departure() async throws(TransportError) -> Departure? {
        let outcome: Result<Departure?, TransportError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                incoming.update { state in
                    if state.isWatchStopped {
                        state.isWatchStopped = false
                        return state.wakes.append { continuation.resume(returning: .success(nil)) }
                    }
                    if Task.isCancelled {
                        return state.wakes.append { continuation.resume(returning: .failure(.cancelled)) }
                    }
                    state.watcher = continuation
                    state.deliver()
                }
            }
        } onCancel: {
            incoming.update { $0.endWatch(.failure(.cancelled)) }
        }
        return try outcome.get()
    }

    package func stopWatching() {
        incoming.update { state in
            if state.watcher == nil { state.isWatchStopped = true } else { state.endWatch(.success(nil)) }
        }
    }

    /// Ends this end's bytes and keeps reading: `shutdown(SHUT_WR)` of a socket.
    package func endWriting() {
        outgoing.update { state in
            state.hasEnded = true
            state.deliver()
        }
    }

    /// Cuts both directions, as RST does.
    package func reset() {
        for direction in [incoming, outgoing] {
            direction.update { state in
                state.isReset = true
                state.deliver()
            }
        }
    }

    /// Nothing in memory destroys bytes on their way, so that there is no need to wait for the peer.
    package func finish(deadline: ContinuousClock.Instant) async { close() }

    package func close() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        endWriting()
        incoming.update { state in
            // What the peer still sends has no reader; its writers learn it by this.
            state.isReset = true
            state.endRead(.failure(.closed))
            state.endWatch(.failure(.closed))
            state.deliver()
        }
    }
}

import Glibc
import Synchronization

/// A connected, non-blocking socket. Readiness comes from the `Poller`; no thread belongs to a connection.
///
/// From the first read on bytes are taken whenever there is room in the buffer of those read ahead, also while nobody
/// reads: so the end of the peer is seen while a request is being worked on.
package final class SocketStream: ByteStream, Polled {
    package let peer: String

    private let descriptor: Int32
    private let name = Poller.shared.makeName()
    private let stallLimit: Duration
    private let state = Mutex(SocketState())

    /// Takes over a connected socket. `stallLimit`: how long a write may go without progress.
    package convenience init(descriptor: Int32, peer: String, stallLimit: Duration = .seconds(30)) {
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        Self.prepare(descriptor)
        self.init(prepared: descriptor, peer: peer, stallLimit: stallLimit)
    }

    /// Takes over one that does not block and is closed by exec, of a listener that was prepared.
    init(prepared descriptor: Int32, peer: String, stallLimit: Duration) {
        self.peer = peer
        self.descriptor = descriptor
        self.stallLimit = stallLimit
        Poller.shared.add(self, as: name)
    }

    /// Sets what sockets shall be like. Connections get it from the listener that accepts them (tcp(7)).
    static func prepare(_ descriptor: Int32) {
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
    }

    deinit { close() }

    /// Changes the state under the lock, has the poller look for what it waits for now, then resumes those who waited
    /// for the change.
    private func update<Value>(_ body: (inout SocketState) -> Value) -> Value {
        let (value, wakes) = state.withLock { state in
            let value = body(&state)
            poll(&state)
            defer { state.wakes = [] }
            return (value, state.wakes)
        }
        for wake in wakes { wake.run() }
        return value
    }

    private func poll(_ state: inout SocketState) {
        let wanted = state.interest
        guard wanted != state.polled else { return }
        let isPolled = Poller.shared.change(descriptor, of: name, from: state.polled, to: wanted)
        state.polled = isPolled ? wanted : []
        if !isPolled { state.depart(.reset) }
    }

    func ready(for event: Poller.Interest, scratch: UnsafeMutableRawBufferPointer) {
        update { state in
            guard !state.isClosed else { return }
            let isOver = !event.isDisjoint(with: .over)
            if state.interest.contains(.reading), isOver || event.contains(.reading) {
                receive(&state, scratch)
                state.deliver()
            }
            if state.interest.contains(.writing), isOver || event.contains(.writing) { flush(&state) }
        }
    }

    // MARK: Reading

    package func read(deadline: ContinuousClock.Instant?) async throws(TransportError) -> [UInt8] {
        let outcome: Result<[UInt8], TransportError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                update { beginRead(&$0, continuation, deadline) }
            }
        } onCancel: {
            update { $0.endRead(.failure(.cancelled)) }
        }
        return try outcome.get()
    }

    private func beginRead(
        _ state: inout SocketState, _ continuation: SocketState.Reader, _ deadline: ContinuousClock.Instant?
    ) {
        // The first bytes of most clients are there when their connection is.
        if !state.readsAhead, !state.isClosed {
            withUnsafeTemporaryAllocation(byteCount: Self.firstSize, alignment: 16) { receive(&state, $0) }
        }
        state.readsAhead = true
        if let outcome = state.takeReceived() {
            return state.wakes.append(.read(continuation, outcome))
        }
        // The flag is set before the cancellation handler runs, so that either this check or that handler sees the
        // reader.
        if Task.isCancelled { return state.wakes.append(.read(continuation, .failure(.cancelled))) }
        state.reader = continuation
        state.readDeadline = deadline
        if let deadline { arm(&state, deadline) }
    }

    /// What is taken by a first read itself: as much as is had from the stack.
    private static let firstSize = 1024

    /// One receive, as far as there is room. Of what is left, also of an end, the poller tells again.
    private func receive(_ state: inout SocketState, _ scratch: UnsafeMutableRawBufferPointer) {
        guard state.hasRoom else { return }
        let count = recv(descriptor, scratch.baseAddress, min(scratch.count, state.room), 0)
        if count > 0 { return state.received.append(contentsOf: scratch[..<count]) }
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        state.departed = count == 0 ? .ended : .reset
    }

    // MARK: Watching

    package func departure() async throws(TransportError) -> Departure? {
        let outcome: Result<Departure?, TransportError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                update { state in
                    if let outcome = state.watchOutcome() { return state.wakes.append(.watch(continuation, outcome)) }
                    if Task.isCancelled { return state.wakes.append(.watch(continuation, .failure(.cancelled))) }
                    state.watcher = continuation
                    state.readsAhead = true
                }
            }
        } onCancel: {
            update { $0.endWatch(.failure(.cancelled)) }
        }
        return try outcome.get()
    }

    package func stopWatching() {
        update { $0.stopWatching() }
    }

    // MARK: Writing

    package func write(_ bytes: [UInt8]) async throws(TransportError) {
        let started = update { send(&$0, bytes) }
        guard let ticket = try started.get() else { return }
        let outcome: Result<Void, TransportError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                update { state in
                    if let outcome = state.writeOutcome(ticket) {
                        return state.wakes.append(.write(continuation, outcome))
                    }
                    if Task.isCancelled { return state.wakes.append(.write(continuation, .failure(.cancelled))) }
                    state.writers.append((ticket, continuation))
                }
            }
        } onCancel: {
            update { $0.endWrite(ticket, .failure(.cancelled)) }
        }
        try outcome.get()
    }

    /// Sends what the socket takes at once and queues the rest behind earlier bytes; returns the count of bytes after
    /// whose sending the write is done, or nil when it is.
    private func send(_ state: inout SocketState, _ bytes: [UInt8]) -> Result<Int?, TransportError> {
        if state.isClosed { return .failure(state.closedWith) }
        if state.takesNoBytes { return .failure(.reset) }
        var sent = 0
        if state.output.isEmpty {
            switch push(bytes[...]) {
            case .success(let count): sent = count
            case .failure(let error):
                state.depart(.reset)
                return .failure(error)
            }
        }
        if sent == bytes.count { return .success(nil) }
        state.output.append(contentsOf: bytes[sent...])
        awaitWriting(&state)
        return .success(state.sentCount + state.output.count - state.outputOffset)
    }

    /// One send; 0 when the socket is full.
    private func push(_ bytes: ArraySlice<UInt8>) -> Result<Int, TransportError> {
        let count = bytes.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if count >= 0 { return .success(count) }
        switch errno {
        case EAGAIN, EINTR: return .success(0)
        case EPIPE, ECONNRESET: return .failure(.reset)
        case let number: return .failure(.system(call: "send", errno: number))
        }
    }

    private func awaitWriting(_ state: inout SocketState) {
        guard state.writeDeadline == nil else { return }
        let deadline = ContinuousClock.now + stallLimit
        state.writeDeadline = deadline
        arm(&state, deadline)
    }

    /// Sends the next part of what waits.
    private func flush(_ state: inout SocketState) {
        switch push(state.output[state.outputOffset...]) {
        case .failure(let error):
            state.failWrites(error)
            state.depart(.reset)
        case .success(let count):
            state.didSend(count)
            if count > 0, !state.output.isEmpty { state.writeDeadline = .now + stallLimit }
        }
    }

    // MARK: Time

    /// Sees to it that `expire` runs at `deadline` or earlier. One timer a stream, moved only to earlier times: a busy
    /// connection stores deadlines and touches no timer.
    private func arm(_ state: inout SocketState, _ deadline: ContinuousClock.Instant) {
        guard !state.isClosed else { return }
        if let armed = state.armedFor, armed <= deadline { return }
        state.armedFor = deadline
        Poller.shared.setDeadline(deadline, of: name)
    }

    func expire() {
        let isStalled = update { state in
            state.armedFor = nil
            let now = ContinuousClock.now
            if let deadline = state.readDeadline, deadline <= now { state.endRead(.failure(.timedOut)) }
            if let deadline = state.writeDeadline, deadline <= now { return true }
            for deadline in [state.readDeadline, state.writeDeadline] { if let deadline { arm(&state, deadline) } }
            return false
        }
        if isStalled { abort(.timedOut) }
    }

    // MARK: Ending

    /// Ends this side's bytes and keeps reading.
    package func endWriting() {
        update { state in
            if !state.isClosed { _ = shutdown(descriptor, Int32(SHUT_WR)) }
        }
    }

    package func finish(deadline: ContinuousClock.Instant) async {
        endWriting()
        while let bytes = try? await read(deadline: deadline), !bytes.isEmpty, ContinuousClock.now < deadline {}
        close()
    }

    package func close() { end(.closed) }

    /// Closes with RST, so that the system does not keep the bytes that the peer will not take.
    private func abort(_ error: TransportError) {
        update { state in
            guard !state.isClosed else { return }
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }
        end(error)
    }

    private func end(_ error: TransportError) {
        guard update({ $0.end(error) }) else { return }
        Poller.shared.remove(name)
        _ = Glibc.close(descriptor)
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) {
        var value = value
        _ = setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}

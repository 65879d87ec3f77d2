import Dispatch
import Glibc
import Synchronization

/// A connected, non-blocking socket. Readiness comes from Dispatch sources; no thread belongs to a connection.
///
/// A read source runs whenever there is room in the buffer of bytes read ahead, also while nobody reads: so the end
/// of the peer is seen while a request is being worked on.
package final class SocketStream: ByteStream {
    package let peer: String

    /// What happens on all sockets is short (one receive or send of at most 64 KiB), so that one queue serves them all.
    private static let queue = DispatchQueue(label: "drover.sockets", qos: .userInitiated)

    /// How often a write that waits is tried without an event: Dispatch tells a reset to read sources alone, and
    /// there is none when the peer has ended its side or the buffer is full.
    private static let probeInterval = Duration.seconds(1)

    private let descriptor: Descriptor
    private let stallLimit: Duration
    private let state = Mutex(SocketState())

    /// Takes over a connected socket. `stallLimit`: how long a write may go without progress.
    package init(descriptor: Int32, peer: String, stallLimit: Duration = .seconds(30)) {
        self.peer = peer
        self.descriptor = Descriptor(descriptor)
        self.stallLimit = stallLimit
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        Self.set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        Self.set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
    }

    deinit { close() }

    /// Changes the state under the lock, then resumes those who waited for the change.
    private func update<Value>(_ body: (inout SocketState) -> Value) -> Value {
        let (value, wakes) = state.withLock { state in
            let value = body(&state)
            defer { state.wakes = [] }
            return (value, state.wakes)
        }
        for wake in wakes { wake.run() }
        return value
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
        if let outcome = state.takeReceived() {
            resumeReadSource(&state)
            return state.wakes.append(.read(continuation, outcome))
        }
        // The flag is set before the cancellation handler runs, so that either this check or that handler sees the
        // reader.
        if Task.isCancelled { return state.wakes.append(.read(continuation, .failure(.cancelled))) }
        state.reader = continuation
        state.readDeadline = deadline
        resumeReadSource(&state)
        if let deadline { arm(&state, deadline) }
    }

    private func resumeReadSource(_ state: inout SocketState) {
        guard !state.isClosed, state.departed == nil, !state.isReading else { return }
        if let source = state.readSource {
            // It rested, and what came meanwhile may have been its last event.
            fill(&state)
            state.deliver()
            guard state.hasRoom else { return }
            state.isReading = true
            return source.resume()
        }
        state.isReading = true
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor.number, queue: Self.queue)
        source.setEventHandler { [weak self] in self?.readable() }
        keep(source)
        state.readSource = source
        source.activate()
    }

    private func readable() {
        update { state in
            guard !state.isClosed, state.isReading else { return }
            fill(&state)
            if !state.hasRoom {
                state.isReading = false
                state.readSource?.suspend()
            }
            state.deliver()
            // A reader has emptied a full buffer.
            if state.received.isEmpty { resumeReadSource(&state) }
        }
    }

    /// Takes what the socket has, as far as there is room, up to its end.
    ///
    /// The end must be found here and now: once both sides have ended, epoll says EPOLLHUP, and Dispatch forgets the
    /// socket after the one event that tells of it.
    private func fill(_ state: inout SocketState) {
        while state.hasRoom {
            let room = SocketState.readAheadLimit - state.received.count
            let isEmpty = withUnsafeTemporaryAllocation(byteCount: room, alignment: 16) { buffer in
                let count = recv(descriptor.number, buffer.baseAddress, buffer.count, 0)
                if count > 0 {
                    state.received.append(contentsOf: buffer[..<count])
                    return false
                }
                if count < 0, errno == EAGAIN { return true }
                if count < 0, errno == EINTR { return false }
                state.departed = count == 0 ? .ended : .reset
                return true
            }
            if isEmpty { return }
        }
    }

    // MARK: Watching

    package func departure() async throws(TransportError) -> Departure? {
        let outcome: Result<Departure?, TransportError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                update { state in
                    if let outcome = state.watchOutcome() { return state.wakes.append(.watch(continuation, outcome)) }
                    if Task.isCancelled { return state.wakes.append(.watch(continuation, .failure(.cancelled))) }
                    state.watcher = continuation
                    if state.hasRoom { resumeReadSource(&state) }
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
        if state.departed == .reset { return .failure(.reset) }
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
        resumeWriteSource(&state)
        return .success(state.sentCount + state.output.count - state.outputOffset)
    }

    /// One send; 0 when the socket is full.
    private func push(_ bytes: ArraySlice<UInt8>) -> Result<Int, TransportError> {
        let count = bytes.withUnsafeBytes {
            Glibc.send(descriptor.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if count >= 0 { return .success(count) }
        switch errno {
        case EAGAIN, EINTR: return .success(0)
        case EPIPE, ECONNRESET: return .failure(.reset)
        case let number: return .failure(.system(call: "send", errno: number))
        }
    }

    private func resumeWriteSource(_ state: inout SocketState) {
        guard !state.isWriting else { return }
        state.isWriting = true
        state.writeDeadline = .now + stallLimit
        arm(&state, .now + min(stallLimit, Self.probeInterval))
        if let source = state.writeSource { return source.resume() }
        let source = DispatchSource.makeWriteSource(fileDescriptor: descriptor.number, queue: Self.queue)
        source.setEventHandler { [weak self] in self?.writable() }
        keep(source)
        state.writeSource = source
        source.activate()
    }

    private func writable() { update { flush(&$0) } }

    /// Sends the next part of what waits.
    private func flush(_ state: inout SocketState) {
        guard !state.isClosed, state.isWriting else { return }
        switch push(state.output[state.outputOffset...]) {
        case .failure(let error):
            state.failWrites(error)
            state.depart(.reset)
        case .success(let count):
            state.didSend(count)
            if count > 0 { state.writeDeadline = .now + stallLimit }
        }
        if state.output.isEmpty {
            state.isWriting = false
            state.writeDeadline = nil
            state.writeSource?.suspend()
        }
    }

    // MARK: Time

    /// Sees to it that `expire` runs at `deadline` or earlier. One timer a stream, moved only to earlier times: a busy
    /// connection stores deadlines and touches no timer.
    private func arm(_ state: inout SocketState, _ deadline: ContinuousClock.Instant) {
        guard !state.isClosed else { return }
        if let armed = state.armedFor, armed <= deadline { return }
        state.armedFor = deadline
        let delay = max(0, (deadline - .now) / .seconds(1))
        let timer = state.timer ?? DispatchSource.makeTimerSource(queue: Self.queue)
        timer.schedule(deadline: .now() + delay, leeway: .milliseconds(5))
        guard state.timer == nil else { return }
        timer.setEventHandler { [weak self] in self?.expire() }
        state.timer = timer
        timer.activate()
    }

    private func expire() {
        let isStalled = update { state in
            state.armedFor = nil
            let now = ContinuousClock.now
            if let deadline = state.readDeadline, deadline <= now { state.endRead(.failure(.timedOut)) }
            if let deadline = state.writeDeadline, deadline <= now { return true }
            flush(&state)
            if let deadline = state.readDeadline { arm(&state, deadline) }
            if let deadline = state.writeDeadline { arm(&state, min(deadline, now + Self.probeInterval)) }
            return false
        }
        if isStalled { abort(.timedOut) }
    }

    // MARK: Ending

    /// Ends this side's bytes and keeps reading.
    package func endWriting() {
        update { state in
            if !state.isClosed { _ = shutdown(descriptor.number, Int32(SHUT_WR)) }
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
            setsockopt(descriptor.number, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }
        end(error)
    }

    private func end(_ error: TransportError) {
        let isFirst = update { $0.end(error) }
        if isFirst { descriptor.release() }
    }

    /// A source holds the descriptor until its cancellation is through.
    private func keep(_ source: some DispatchSourceProtocol) {
        descriptor.retain()
        source.setCancelHandler { [descriptor] in descriptor.release() }
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) {
        var value = value
        _ = setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}

import Dispatch
import Glibc
import Synchronization

/// A listening socket. One task at a time accepts.
package final class Listener: Sendable, AsyncSequence {
    package typealias Element = SocketStream
    package typealias Failure = TransportError

    /// What was bound, with the port that the system chose when 0 was asked for.
    package let endpoint: Endpoint

    private struct State: @unchecked Sendable {
        var waiter: CheckedContinuation<Void, Never>?
        var isRunning = false
        var isClosed = false
        var keepsFile = false
        var lastReport: ContinuousClock.Instant?
        /// @unchecked: Dispatch does not mark its sources; this one is touched only under the listener's lock.
        var source: (any DispatchSourceRead)?
    }

    private static let queue = DispatchQueue(label: "drover.listeners", qos: .userInitiated)
    private let descriptor: Descriptor
    private let file: SocketFile?
    private let stallLimit: Duration
    private let onPause: @Sendable (TransportError) -> Void
    private let state = Mutex(State())

    /// Takes over the socket.
    /// `onPause` hears, once a second at most, when the process or the system is out of descriptors or memory, or nearly,
    /// and accepting rests for a moment.
    package init(
        _ socket: ListeningSocket, stallLimit: Duration = .seconds(30),
        onPause: @escaping @Sendable (TransportError) -> Void = { _ in }
    ) {
        endpoint = socket.endpoint
        file = socket.file
        self.stallLimit = stallLimit
        self.onPause = onPause
        descriptor = Descriptor(socket.descriptor)
    }

    deinit { close() }

    /// Runs `body` with the descriptor, which stays the listener's; nil when it is closed.
    package func withDescriptor<Value>(_ body: (Int32) -> Value) -> Value? {
        state.withLock { $0.isClosed ? nil : body(descriptor.number) }
    }

    /// Leaves the file of a Unix socket where it is: another process holds the socket too.
    package func keepFile() { state.withLock { $0.keepsFile = true } }

    /// The next connection, or nil once the listener is closed or the task cancelled.
    package func accept() async throws(TransportError) -> SocketStream? {
        while !Task.isCancelled {
            var address = SocketAddress()
            let number = state.withLock { state in
                state.isClosed ? nil : address.fill { Glibc.accept(descriptor.number, $0, $1) }
            }
            guard let number else { return nil }
            if number >= 0 {
                // What is too many is refused with an answer, which takes a descriptor for a moment.
                if DescriptorLimit.isNear(number) { await rest(EMFILE) }
                return SocketStream(descriptor: number, peer: address.peer, stallLimit: stallLimit)
            }
            switch errno {
            case EAGAIN: await readiness()
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: await rest(errno)
            // accept(2): these belong to the one connection that came, not to the listener.
            case EINTR, ECONNABORTED, EPROTO, EPERM, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH,
                ENETUNREACH:
                continue
            case let number: throw .system(call: "accept", errno: number)
            }
        }
        return nil
    }

    /// The waiting connection would be reported ready again at once: without the rest the loop would spin.
    private func rest(_ number: Int32) async {
        let now = ContinuousClock.now
        let isNews = state.withLock { state in
            if let last = state.lastReport, now - last < .seconds(1) { return false }
            state.lastReport = now
            return true
        }
        if isNews { onPause(.system(call: "accept", errno: number)) }
        try? await Task.sleep(for: .milliseconds(100))
    }

    private func readiness() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isClosed || Task.isCancelled { return true }
                    state.waiter = continuation
                    resumeSource(&state)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            wake()
        }
    }

    private func resumeSource(_ state: inout State) {
        guard !state.isRunning else { return }
        state.isRunning = true
        if let source = state.source { return source.resume() }
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor.number, queue: Self.queue)
        source.setEventHandler { [weak self] in self?.ready() }
        descriptor.retain()
        source.setCancelHandler { [descriptor] in descriptor.release() }
        state.source = source
        source.activate()
    }

    private func ready() {
        state.withLock { state in
            guard state.isRunning, !state.isClosed else { return }
            state.isRunning = false
            state.source?.suspend()
        }
        wake()
    }

    /// Resumes outside the lock, see `SocketState.Wake`.
    private func wake() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Stops listening: `accept` returns nil. Connections in the backlog are refused, unless another
    /// process holds the socket too.
    package func close() {
        let isFirst = state.withLock { state in
            if state.isClosed { return false }
            state.isClosed = true
            state.source?.cancel()
            if !state.isRunning { state.source?.resume() }
            state.source = nil
            if !state.keepsFile { file?.remove() }
            return true
        }
        guard isFirst else { return }
        wake()
        descriptor.release()
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        let listener: Listener

        package mutating func next() async throws(TransportError) -> SocketStream? { try await listener.accept() }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(listener: self) }
}

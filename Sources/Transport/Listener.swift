import CSocket
import Glibc
import Synchronization

/// A listening socket. One task at a time accepts.
package final class Listener: Sendable, AsyncSequence, Polled {
    package typealias Element = SocketStream
    package typealias Failure = TransportError

    /// What was bound, with the port that the system chose when 0 was asked for.
    package let endpoint: Endpoint

    private struct State {
        var waiter: CheckedContinuation<Bool, Never>?
        /// What the poller was asked for last.
        var polled: Poller.Interest = []
        var isClosed = false
        var keepsFile = false
        var lastReport: ContinuousClock.Instant?
    }

    private let descriptor: Int32
    private let name = Poller.shared.makeName()
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
        descriptor = socket.descriptor
        SocketStream.prepare(descriptor)
        Poller.shared.add(self, as: name)
    }

    deinit { close() }

    /// Runs `body` with the descriptor, which stays the listener's; nil when it is closed.
    package func withDescriptor<Value>(_ body: (Int32) -> Value) -> Value? {
        state.withLock { $0.isClosed ? nil : body(descriptor) }
    }

    /// Leaves the file of a Unix socket where it is: another process holds the socket too.
    package func keepFile() { state.withLock { $0.keepsFile = true } }

    private static let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)

    /// The next connection, or nil once the listener is closed or the task cancelled.
    package func accept() async throws(TransportError) -> SocketStream? {
        while !Task.isCancelled {
            var address = SocketAddress()
            let number = state.withLock { state in
                state.isClosed ? nil : address.fill { accept_with_flags(descriptor, $0, $1, Self.flags) }
            }
            guard let number else { return nil }
            if number >= 0 {
                // What is too many is refused with an answer, which takes a descriptor for a moment.
                if DescriptorLimit.isNear(number) { await rest(EMFILE) }
                return SocketStream(prepared: number, peer: address.peer, stallLimit: stallLimit)
            }
            switch errno {
            case EAGAIN: if !(await readiness()) { await rest(ENOMEM) }
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
        await Alarm.wait(until: .now + .milliseconds(100))
    }

    /// False when the system has no room to watch the socket.
    private func readiness() async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady: Bool? = state.withLock { state in
                    if state.isClosed || Task.isCancelled { return true }
                    guard poll(&state) else { return false }
                    state.waiter = continuation
                    return nil
                }
                if let isReady { continuation.resume(returning: isReady) }
            }
        } onCancel: {
            wake()
        }
    }

    private func poll(_ state: inout State) -> Bool {
        let wanted: Poller.Interest = [.reading, .once]
        guard Poller.shared.change(descriptor, of: name, from: state.polled, to: wanted) else { return false }
        state.polled = wanted
        return true
    }

    func ready(for event: Poller.Interest, scratch: UnsafeMutableRawBufferPointer) { wake() }

    /// It sets no deadline.
    func expire() {}

    /// Resumes outside the lock, see `SocketState.Wake`.
    private func wake() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: true)
    }

    /// Stops listening: `accept` returns nil. Connections in the backlog are refused, unless another
    /// process holds the socket too.
    package func close() {
        let isFirst = state.withLock { state in
            if state.isClosed { return false }
            state.isClosed = true
            if !state.polled.isEmpty { _ = Poller.shared.change(descriptor, of: name, from: state.polled, to: []) }
            Poller.shared.remove(name)
            _ = Glibc.close(descriptor)
            if !state.keepsFile { file?.remove() }
            return true
        }
        if isFirst { wake() }
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        let listener: Listener

        package mutating func next() async throws(TransportError) -> SocketStream? { try await listener.accept() }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(listener: self) }
}

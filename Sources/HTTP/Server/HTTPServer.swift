import HTTPTypes
import Synchronization
package import Transport

/// Serves HTTP/1.1 on listeners until it is told to stop. All its tasks are children of `run`.
package final class HTTPServer: Sendable {
    /// What is put around a connection that an endpoint accepted, as TLS is.
    package typealias Wrap = @Sendable (_ stream: any ByteStream, _ endpoint: Endpoint) -> any ByteStream

    private struct State {
        var connections: [ObjectIdentifier: Connection] = [:]
        var countByPeer: [String: Int] = [:]
        var isDraining = false
    }

    private let service: ServiceContext
    private let state = Mutex(State())
    /// Carries the one grace period of `drain` to `run`.
    private let drains = AsyncStream.makeStream(of: Duration.self)

    /// `errorBody` makes the answer to what never reaches `responder`; `onRequest` hears of every response sent.
    package init(
        responder: any Responder, errorBody: @escaping ErrorBody, settings: ServerSettings = ServerSettings(),
        metrics: HTTPMetrics? = nil, onRequest: (@Sendable (AccessRecord) -> Void)? = nil
    ) {
        service = ServiceContext(
            responder: responder, errorBody: errorBody, settings: settings, metrics: metrics, onRequest: onRequest)
    }

    /// Serves until `drain` has let all requests finish, or its grace is over. Cancelling the task ends everything at
    /// once. Closes the listeners in each case; throws when one of them fails.
    ///
    /// - Parameter wrap: what is put around each connection, as TLS is.
    package func run(
        _ listeners: [Listener], wrap: @escaping Wrap = { stream, _ in stream }
    ) async throws(TransportError) {
        enum End { case listener(TransportError?), grace }
        let failure: TransportError? = await withTaskGroup(of: End.self) { group in
            for listener in listeners {
                group.addTask(executorPreference: TaskPool.shared) { .listener(await self.serve(listener, wrap)) }
            }
            group.addTask {
                await self.waitForGrace(listeners)
                return .grace
            }
            var open = listeners.count
            var failure: TransportError?
            while open > 0, let end = await group.next() {
                switch end {
                case .grace: group.cancelAll()
                case .listener(let error):
                    open -= 1
                    failure = failure ?? error
                    if error != nil { group.cancelAll() }
                }
            }
            group.cancelAll()
            return failure
        }
        for listener in listeners { listener.close() }
        if let failure { throw failure }
    }

    /// Stops accepting. Idle connections close at once; requests in progress may take up to `grace`, then are
    /// cancelled.
    package func drain(grace: Duration) {
        let connections = state.withLock { state in
            state.isDraining = true
            return Array(state.connections.values)
        }
        drains.continuation.yield(grace)
        drains.continuation.finish()
        for connection in connections { connection.drain() }
    }

    /// Serves one connection that did not come from a listener, in the calling task.
    package func serve(_ stream: any ByteStream) async {
        let connection = Connection(stream, service: service)
        guard add(connection, peer: stream.peer) else { return await refuse(stream) }
        await connection.run()
        remove(connection, peer: stream.peer)
    }

    private func serveAccepted(_ stream: SocketStream, _ wrap: Wrap, _ endpoint: Endpoint) async {
        guard service.settings.readsProxyHeader, service.settings.proxies?.contains(stream.peer) == true else {
            return await serve(wrap(stream, endpoint))
        }
        // Nothing is answered to what is no header: it may be anything but HTTP.
        let deadline = ContinuousClock.now + service.settings.headLimit
        guard let proxied = try? await ProxiedStream.accept(stream, deadline: deadline) else { return stream.close() }
        await serve(wrap(proxied, endpoint))
    }

    private func serve(_ listener: Listener, _ wrap: @escaping Wrap) async -> TransportError? {
        let connections = TaskSet()
        return await withTaskCancellationHandler {
            var failure: TransportError?
            do throws(TransportError) {
                while let stream = try await listener.accept() {
                    connections.add { await self.serveAccepted(stream, wrap, listener.endpoint) }
                }
            } catch {
                failure = error
            }
            await connections.finish()
            return failure
        } onCancel: {
            connections.cancel()
        }
    }

    /// How long a connection that was accepted just before the drain has for its first request: it may be on its way.
    package static let firstRequestGrace = Duration.milliseconds(500)

    private func waitForGrace(_ listeners: [Listener]) async {
        for await grace in drains.stream {
            for listener in listeners { listener.close() }
            let first = min(grace, Self.firstRequestGrace)
            await Alarm.wait(until: .now + first)
            guard !Task.isCancelled else { return }
            for connection in state.withLock({ Array($0.connections.values) }) { connection.closeUnused() }
            await Alarm.wait(until: .now + (grace - first))
        }
    }

    /// 503 for a connection too many. A short farewell: there may be many of them.
    private func refuse(_ stream: any ByteStream) async {
        let exchange = Exchange(service: service, stream: stream)
        _ = await exchange.send(service.errorBody(.serviceUnavailable, "too many connections"), closing: true)
        await stream.finish(deadline: .now + .seconds(1))
    }

    private func add(_ connection: Connection, peer: String) -> Bool {
        let count: Int? = state.withLock { state in
            let isExempt = service.isManifold(peer)
            guard !state.isDraining, state.connections.count < service.settings.connections,
                isExempt || state.countByPeer[peer, default: 0] < service.settings.connectionsPerPeer
            else { return nil }
            state.connections[ObjectIdentifier(connection)] = connection
            state.countByPeer[peer, default: 0] += 1
            return state.connections.count
        }
        if let count { service.metrics?.setConnections(count) }
        return count != nil
    }

    private func remove(_ connection: Connection, peer: String) {
        let count = state.withLock { state in
            state.connections.release(ObjectIdentifier(connection))
            let rest = state.countByPeer[peer, default: 1] - 1
            if rest > 0 { state.countByPeer[peer] = rest } else { state.countByPeer.release(peer) }
            return state.connections.count
        }
        service.metrics?.setConnections(count)
    }
}

import HTTPTypes
import Synchronization
import Transport

/// One connection: its requests one after the other. `run` is the task that owns it; `drain` may be called from any.
final class Connection: Sendable {
    /// Unused: not a byte of a request has come yet.
    private enum Phase { case unused, waiting, busy }

    private struct State {
        var phase = Phase.unused
        var isDraining = false
    }

    private let stream: any ByteStream
    private let service: ServiceContext
    private let state = Mutex(State())

    init(_ stream: any ByteStream, service: ServiceContext) {
        self.stream = stream
        self.service = service
    }

    private var settings: ServerSettings { service.settings }

    /// Lets a request in progress finish, and a first one come; closes at once between two.
    func drain() {
        let isWaiting = state.withLock { state in
            state.isDraining = true
            return state.phase == .waiting
        }
        if isWaiting { stream.close() }
    }

    /// Closes if no request has ever begun.
    func closeUnused() {
        if state.withLock({ $0.phase == .unused }) { stream.close() }
    }

    /// Serves until one side ends.
    func run() async {
        var parser = RequestParser(limits: settings.limits)
        var deadline = ContinuousClock.now + settings.headLimit
        for number in 1...max(1, settings.requestsPerConnection) {
            let isLast = number >= settings.requestsPerConnection
            guard await serveNext(&parser, deadline: deadline, isLast: isLast) else { break }
            deadline = .now + settings.idleLimit
        }
        // Also where the client has left: TLS has a farewell of its own.
        await stream.finish(deadline: .now + settings.lingerLimit)
    }

    /// Reads and answers one request. False: the connection is over.
    private func serveNext(
        _ parser: inout RequestParser, deadline: ContinuousClock.Instant, isLast: Bool
    ) async -> Bool {
        var reader = RequestReader(stream: stream, settings: settings, parser: parser)
        defer { parser = reader.parser }
        var exchange = Exchange(service: service, stream: stream)
        do {
            guard let (parsed, receivedAt) = try await reader.head(deadline: deadline, begin: begin) else {
                return false
            }
            exchange.begin(parsed, receivedAt: receivedAt, isLast: isLast) { self.state.withLock(\.isDraining) }
            let expectsBody = parsed.framing != .none && parsed.framing != .length(0)
            if let refusal = await service.responder.admit(exchange.head) {
                guard await exchange.send(refusal, closing: expectsBody) else { return false }
                // The empty body too is taken: until then the parser is inside this request.
                _ = try await reader.body()
                return next()
            }
            let takesUpload = expectsBody && service.responder.takesUpload(exchange.head)
            try reader.parser.limitBody(to: takesUpload ? settings.limits.upload : settings.limits.body)
            if parsed.expectsContinue && expectsBody { try await stream.write(ResponseEncoder.proceed) }
            if takesUpload { return await serveUpload(&reader, exchange) && next() }
            let body = try await reader.body()
            exchange.bodyCount = body.count
            guard await serve(Request(head: exchange.head, body: body), exchange) else { return false }
            return next()
        } catch let error as RequestError {
            var response = service.errorBody(error.status, error.reason)
            response.fields.append(contentsOf: error.fields)
            _ = await exchange.send(response, closing: true)
            return false
        } catch {
            return false
        }
    }

    /// The first byte of a request has come. False when the connection was drained in that moment.
    private func begin() -> Bool {
        state.withLock { state in
            defer { state.phase = .busy }
            return !state.isDraining || state.phase == .unused
        }
    }

    /// The response is out. False when the connection is to end.
    private func next() -> Bool {
        state.withLock { state in
            state.phase = .waiting
            return !state.isDraining
        }
    }

    /// Runs a handler that reads the body itself: while it does, a client that leaves ends its reading.
    private func serveUpload(_ reader: inout RequestReader, _ exchange: Exchange) async -> Bool {
        var exchange = exchange
        let body = RequestBody(reader)
        let response = await service.responder.respond(to: Request(head: exchange.head, upload: body))
        let (parser, count) = await body.finish()
        exchange.bodyCount = count
        if let parser { reader.parser = parser }
        return await exchange.send(response, closing: parser == nil)
    }

    /// Runs the handler and sends its response, both in a task that is cancelled when the client leaves.
    private func serve(_ request: Request, _ exchange: Exchange) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            // Immediate: a handler that never waits costs no hop between threads.
            group.addImmediateTask { [stream, service] in
                defer { stream.stopWatching() }
                return await exchange.send(await service.responder.respond(to: request), closing: false)
            }
            let departure = (try? await stream.departure()) ?? nil
            if let departure, departure == .reset || settings.halfCloseIsDeparture { group.cancelAll() }
            let goesOn = await group.next() ?? false
            // The handler's end was announced to nobody: take it back, so that it does not end the next watch.
            if departure != nil { _ = try? await stream.departure() }
            return goesOn
        }
    }
}

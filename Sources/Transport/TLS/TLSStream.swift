import Synchronization

/// TLS around a byte stream. The handshake is part of the first read, within that read's deadline, so that who serves
/// a stream limits it like a slow first request; a client's is part of its first write or read.
///
/// A server's stream makes nothing before the client's first byte, and cannot write before the handshake is done: a
/// connection that is refused at once costs no arithmetic.
package final class TLSStream: ByteStream {
    private enum Side {
        case server(TLSAcceptor)
        case client(TLSContext, host: String)
    }

    private struct State: @unchecked Sendable {
        // @unchecked: the session is touched only under the stream's lock.
        var session: TLSSession?
        /// The stream below ended before a session began.
        var hasEnded = false
        var isClosed = false
        /// Whether the end of the handshake was reported.
        var isReported = false
        var identity: String?
    }

    private let base: any ByteStream
    private let side: Side
    private let state = Mutex(State())
    /// Sealed bytes leave in the order in which they were sealed.
    private let turnstile = Turnstile()

    /// Plain bytes kept for the next read before the peer is left to wait.
    private static let readAheadLimit = 65_536
    /// Bytes that are sealed and sent at a time, so that a long body is not held twice.
    private static let pieceSize = 65_536
    /// How long a client waits for the server's part of the handshake.
    private static let clientLimit = Duration.seconds(10)

    init(_ base: any ByteStream, acceptor: TLSAcceptor) {
        self.base = base
        side = .server(acceptor)
    }

    /// The client's side of a connection to `host`, whose certificate must be for that name or address.
    package init(_ base: any ByteStream, context: TLSContext, host: String) {
        self.base = base
        side = .client(context, host: host)
    }

    package var peer: String { base.peer }

    package var identity: String? { state.withLock(\.identity) }

    // MARK: Reading

    package func read(deadline: ContinuousClock.Instant?) async throws(TransportError) -> [UInt8] {
        try await beginClient()
        while true {
            if let bytes = try takeReceived() { return bytes }
            try await receive(try await base.read(deadline: deadline))
        }
    }

    /// Plain bytes, or empty at the peer's end, or nil if more must come first.
    private func takeReceived() throws(TransportError) -> [UInt8]? {
        try state.withLock { state throws(TransportError) in
            if state.isClosed { throw .closed }
            guard let session = state.session else { return state.hasEnded ? [] : nil }
            let bytes = session.takePlaintext()
            if !bytes.isEmpty { return bytes }
            switch session.state {
            case .handshaking, .established: return nil
            case .ended: return []
            case .failed(let error): throw error
            }
        }
    }

    /// Gives bytes of the stream below to the session, and sends what it answers.
    private func receive(_ bytes: [UInt8]) async throws(TransportError) {
        if case .server(let acceptor) = side, isHandshaking {
            if try await refusesPlainText(bytes, acceptor) { return }
            await acceptor.turnstile.enter()
            feed(bytes)
            acceptor.turnstile.leave()
        } else {
            feed(bytes)
        }
        try await flush()
    }

    private var isHandshaking: Bool { state.withLock { ($0.session?.state ?? .handshaking) == .handshaking } }

    private func feed(_ bytes: [UInt8]) {
        let end: Result<Void, TransportError>? = state.withLock { state in
            guard !state.isClosed else { return nil }
            if state.session == nil, !bytes.isEmpty { state.session = makeSession() }
            guard let session = state.session else {
                state.hasEnded = true
                return nil
            }
            if bytes.isEmpty { session.receiveEnd() } else { session.receive(bytes) }
            guard !state.isReported, session.state != .handshaking else { return nil }
            state.isReported = true
            if case .failed(let error) = session.state { return .failure(error) }
            state.identity = session.peerSubject
            return .success(())
        }
        if let end { report(end) }
    }

    private func makeSession() -> TLSSession? {
        switch side {
        case .server(let acceptor): acceptor.makeSession()
        case .client(let context, let host): context.connect(host: host)
        }
    }

    private func report(_ end: Result<Void, TransportError>) {
        if case .server(let acceptor) = side { acceptor.report(peer, end) }
    }

    /// Whether the first byte is a letter: no TLS record begins with one, every HTTP request does.
    private func refusesPlainText(_ bytes: [UInt8], _ acceptor: TLSAcceptor) async throws(TransportError) -> Bool {
        let isFirst = state.withLock { $0.session == nil && !$0.isClosed }
        guard isFirst, let byte = bytes.first, (0x41...0x5A).contains(byte) else { return false }
        try await base.write(acceptor.plainReply)
        let error = TransportError.tls("the client does not speak it")
        report(.failure(error))
        throw error
    }

    // MARK: Watching

    /// Reads on while it watches: the peer's close_notify is among its bytes.
    package func departure() async throws(TransportError) -> Departure? {
        enum Sight {
            case below(Result<Departure?, TransportError>)
            case ahead(Departure?)
        }
        let outcome = await withTaskGroup(of: Sight.self) { group -> Result<Departure?, TransportError> in
            group.addImmediateTask { Sight.below(await self.departureBelow()) }
            group.addImmediateTask { Sight.ahead(await self.readAhead()) }
            var below = Result<Departure?, TransportError>.failure(.cancelled)
            var ahead: Departure?
            for await sight in group {
                switch sight {
                case .below(let result):
                    below = result
                    group.cancelAll()
                case .ahead(let departure?):
                    ahead = departure
                    group.cancelAll()
                case .ahead(nil): break
                }
            }
            // A stop that was told is used up, whatever else was seen.
            if case .success(nil) = below { return below }
            return ahead.map { .success($0) } ?? below
        }
        return try outcome.get()
    }

    private func departureBelow() async -> Result<Departure?, TransportError> {
        do throws(TransportError) {
            return .success(try await base.departure())
        } catch {
            return .failure(error)
        }
    }

    /// How the peer left, if its bytes tell before enough of them are kept; nil when the stream below has to tell.
    private func readAhead() async -> Departure? {
        while true {
            let (departure, hasRoom): (Departure?, Bool) = state.withLock { state in
                guard !state.isClosed, let session = state.session else { return (nil, false) }
                switch session.state {
                case .ended: return (.ended, false)
                case .failed: return (.reset, false)
                case .handshaking, .established: return (nil, session.plaintext.count < Self.readAheadLimit)
                }
            }
            guard hasRoom, departure == nil else { return departure }
            guard let bytes = try? await base.read(deadline: nil) else { return nil }
            // A FIN without close_notify: the next read throws, the watcher learns it from below.
            if bytes.isEmpty {
                feed(bytes)
                return .ended
            }
            guard (try? await receive(bytes)) != nil else { return nil }
        }
    }

    package func stopWatching() { base.stopWatching() }

    // MARK: Writing

    package func write(_ bytes: [UInt8]) async throws(TransportError) {
        try await establishClient()
        await turnstile.enter()
        defer { turnstile.leave() }
        var rest = bytes[...]
        repeat {
            let piece = rest.prefix(Self.pieceSize)
            rest = rest.dropFirst(piece.count)
            try await base.write(try seal(piece))
        } while !rest.isEmpty
    }

    private func seal(_ bytes: ArraySlice<UInt8>) throws(TransportError) -> [UInt8] {
        try state.withLock { state throws(TransportError) in
            if state.isClosed { throw .closed }
            guard let session = state.session else { throw .tls("the handshake has not begun") }
            try session.encrypt(bytes)
            return session.takeOutput()
        }
    }

    /// Sends what the session has to say by itself: handshake, alerts, answers to key updates.
    private func flush() async throws(TransportError) {
        guard state.withLock({ $0.session?.hasOutput ?? false }) else { return }
        await turnstile.enter()
        defer { turnstile.leave() }
        let bytes = state.withLock { $0.session?.takeOutput() ?? [] }
        if !bytes.isEmpty { try await base.write(bytes) }
    }

    // MARK: A client's handshake

    /// Sends the first message, once.
    private func beginClient() async throws(TransportError) {
        guard case .client = side else { return }
        try state.withLock { state throws(TransportError) in
            if state.isClosed { throw .closed }
            guard state.session == nil else { return }
            guard let session = makeSession() else { throw .tls("no memory") }
            session.begin()
            state.session = session
        }
        try await flush()
    }

    private func establishClient() async throws(TransportError) {
        guard case .client = side else { return }
        try await beginClient()
        let deadline = ContinuousClock.now + Self.clientLimit
        while isHandshaking { try await receive(try await base.read(deadline: deadline)) }
        if let error = state.withLock({ state -> TransportError? in
            if case .failed(let error) = state.session?.state { error } else { nil }
        }) {
            throw error
        }
    }

    // MARK: Ending

    package func finish(deadline: ContinuousClock.Instant) async {
        state.withLock { $0.session?.end() }
        // A peer that takes nothing gets no farewell.
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await self.flush() }
            group.addTask { await Alarm.wait(until: deadline) }
            await group.next()
            group.cancelAll()
        }
        await base.finish(deadline: deadline)
        close()
    }

    /// Without a farewell: for the peer that is a cut, as it must be for bytes that did not all go.
    package func close() {
        let isGivenUp = state.withLock { state in
            guard !state.isClosed else { return false }
            defer { (state.isClosed, state.isReported, state.session) = (true, true, nil) }
            return state.session != nil && !state.isReported
        }
        base.close()
        if isGivenUp { report(.failure(.tls("the client did not end the handshake"))) }
    }
}

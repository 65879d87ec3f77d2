/// What the lock of a `SocketStream` guards.
struct SocketState: Sendable {
    typealias Reader = CheckedContinuation<Result<[UInt8], TransportError>, Never>
    typealias Watcher = CheckedContinuation<Result<Departure?, TransportError>, Never>
    typealias Writer = CheckedContinuation<Result<Void, TransportError>, Never>

    /// A continuation with what it gets.
    ///
    /// It is resumed only after the lock was left: a cancellation handler runs under a lock of its task, which
    /// resuming the task may also want, and takes ours, so that resuming under ours would deadlock.
    enum Wake {
        case read(Reader, Result<[UInt8], TransportError>)
        case watch(Watcher, Result<Departure?, TransportError>)
        case write(Writer, Result<Void, TransportError>)

        func run() {
            switch self {
            case .read(let continuation, let outcome): continuation.resume(returning: outcome)
            case .watch(let continuation, let outcome): continuation.resume(returning: outcome)
            case .write(let continuation, let outcome): continuation.resume(returning: outcome)
            }
        }
    }

    /// Those to resume when the lock is left.
    var wakes: [Wake] = []

    /// Bytes kept for the next read before the socket is left to fill up.
    static let readAheadLimit = Poller.scratchSize

    /// Whether more may be received.
    var hasRoom: Bool { departed == nil && room > 0 }
    var room: Int { Self.readAheadLimit - received.count }

    /// Bytes that came before a reader.
    var received: [UInt8] = []
    /// Set once: no byte comes after those in `received`.
    var departed: Departure?
    var reader: Reader?
    var readDeadline: ContinuousClock.Instant?

    var watcher: Watcher?
    private var isWatchStopped = false

    /// Bytes that the socket has not taken yet begin at `outputOffset`.
    private(set) var outputOffset = 0
    var output: [UInt8] = []
    /// Bytes of `output` that were sent, ever. A writer is done when it reaches the writer's ticket.
    private(set) var sentCount = 0
    var writers: [(ticket: Int, continuation: Writer)] = []
    var writeDeadline: ContinuousClock.Instant?
    /// Set once. The peer may have ended its own bytes before, so that `departed` does not tell.
    private(set) var takesNoBytes = false

    /// Somebody has begun to read or to watch.
    var readsAhead = false
    /// What the poller looks for.
    var polled: Poller.Interest = []
    /// What it should look for.
    var interest: Poller.Interest {
        if isClosed { return [] }
        let reading: Poller.Interest = readsAhead && hasRoom ? .reading : []
        return output.isEmpty ? reading : reading.union(.writing)
    }

    /// When the poller tells of a deadline next.
    var armedFor: ContinuousClock.Instant?

    private(set) var isClosed = false
    private(set) var closedWith = TransportError.closed

    /// What a reader gets now, or nil if it must wait.
    mutating func takeReceived() -> Result<[UInt8], TransportError>? {
        if isClosed { return .failure(closedWith) }
        if !received.isEmpty {
            defer { received = [] }
            return .success(received)
        }
        switch departed {
        case .ended: return .success([])
        case .reset: return .failure(.reset)
        case nil: return nil
        }
    }

    /// Hands what is there to those who wait for it.
    mutating func deliver() {
        if reader != nil, let outcome = takeReceived() { endRead(outcome) }
        if watcher != nil, let departed { endWatch(.success(departed)) }
        if departed == .reset { failWrites(.reset) }
    }

    mutating func depart(_ departure: Departure) {
        if departed == nil { departed = departure }
        if departure == .reset { failWrites(.reset) }
        deliver()
    }

    mutating func endRead(_ outcome: Result<[UInt8], TransportError>) {
        if let reader { wakes.append(.read(reader, outcome)) }
        reader = nil
        readDeadline = nil
    }

    /// What a watcher gets now, or nil if it must wait.
    mutating func watchOutcome() -> Result<Departure?, TransportError>? {
        if isWatchStopped {
            isWatchStopped = false
            return .success(nil)
        }
        if isClosed { return .failure(closedWith) }
        return departed.map { .success($0) }
    }

    mutating func endWatch(_ outcome: Result<Departure?, TransportError>) {
        if let watcher { wakes.append(.watch(watcher, outcome)) }
        watcher = nil
    }

    mutating func stopWatching() {
        if watcher == nil { isWatchStopped = true } else { endWatch(.success(nil)) }
    }

    func writeOutcome(_ ticket: Int) -> Result<Void, TransportError>? {
        if sentCount >= ticket { return .success(()) }
        if isClosed { return .failure(closedWith) }
        return takesNoBytes ? .failure(.reset) : nil
    }

    mutating func didSend(_ count: Int) {
        outputOffset += count
        sentCount += count
        if outputOffset == output.count { dropOutput() }
        for writer in writers where writer.ticket <= sentCount {
            wakes.append(.write(writer.continuation, .success(())))
        }
        writers.removeAll { $0.ticket <= sentCount }
    }

    mutating func endWrite(_ ticket: Int, _ outcome: Result<Void, TransportError>) {
        guard let position = writers.firstIndex(where: { $0.ticket == ticket }) else { return }
        wakes.append(.write(writers.remove(at: position).continuation, outcome))
    }

    mutating func failWrites(_ error: TransportError) {
        takesNoBytes = true
        dropOutput()
        for writer in writers { wakes.append(.write(writer.continuation, .failure(error))) }
        writers = []
    }

    private mutating func dropOutput() {
        output = []
        outputOffset = 0
        writeDeadline = nil
    }

    /// Ends all waits. False when that was done before.
    mutating func end(_ error: TransportError) -> Bool {
        if isClosed { return false }
        isClosed = true
        closedWith = error
        received = []
        endRead(.failure(error))
        endWatch(.failure(error))
        failWrites(error)
        return true
    }
}

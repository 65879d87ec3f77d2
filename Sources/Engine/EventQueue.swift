import Synchronization

/// What the engine has told a request's reader and the reader has not fetched. The engine never waits here.
final class EventQueue: Sendable {
    private struct State {
        var pending: [TokenEvent] = []
        var reader: CheckedContinuation<[TokenEvent], Never>?
        /// The account as of the last delivery, and as of the last event that was fetched.
        var record: SampleRecord
        var fetched: SampleRecord
        /// The last event is in `pending` or was fetched.
        var finished = false
        /// Nobody reads any more.
        var abandoned = false
    }

    private let state: Mutex<State>

    init(_ record: SampleRecord) { state = Mutex(State(record: record, fetched: record)) }

    var isFinished: Bool { state.withLock { $0.finished } }

    /// What the events fetched so far have cost.
    var record: SampleRecord { state.withLock { $0.fetched } }

    /// Hands over the events of one step and the account after them. False when more than `limit` then wait for the reader.
    func deliver(_ events: some Collection<TokenEvent>, _ record: SampleRecord, limit: Int) -> Bool {
        let (reader, batch, inTime) = state.withLock {
            state -> (CheckedContinuation<[TokenEvent], Never>?, [TokenEvent], Bool) in
            guard !state.abandoned, !state.finished else { return (nil, [], true) }
            state.pending.append(contentsOf: events)
            state.record = record
            if case .finished? = state.pending.last { state.finished = true }
            guard let reader = state.reader.take() else { return (nil, [], state.pending.count <= limit) }
            defer { state.pending = [] }
            state.fetched = record
            return (reader, state.pending, true)
        }
        reader?.resume(returning: batch)
        return inTime
    }

    /// Waits until there is something; empty after the last event. One reader at a time.
    func next() async -> [TokenEvent] {
        await withCheckedContinuation { continuation in
            let batch = state.withLock { state -> [TokenEvent]? in
                guard state.pending.isEmpty, !state.finished, !state.abandoned else {
                    defer { state.pending = [] }
                    state.fetched = state.record
                    return state.pending
                }
                precondition(state.reader == nil, "a token stream has one reader")
                state.reader = continuation
                return nil
            }
            if let batch { continuation.resume(returning: batch) }
        }
    }

    /// The reading task was cancelled: wakes it, and drops what comes from now on.
    func abandon() {
        let reader = state.withLock { state in
            state.abandoned = true
            state.pending = []
            return state.reader.take()
        }
        reader?.resume(returning: [])
    }
}

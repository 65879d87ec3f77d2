import Dispatch
import Synchronization

/// The only lock between connections and the engine thread: letters in, the engine's status out.
final class Mailbox: Sendable {
    enum Letter: Sendable {
        case submit(Submission)
        case cancel(RequestID, because: FinishReason)
        /// Resumed before the next step.
        case progress(CheckedContinuation<[RequestProgress], Never>)
        case store(StoreReport)
        /// Resumed when all requests have ended, at the latest soon after the deadline.
        case drain(until: ContinuousClock.Instant, CheckedContinuation<Void, Never>)
        /// Resumed when the engine thread is about to end.
        case stop(CheckedContinuation<Void, Never>?)
    }

    private enum Door {
        case open
        case draining
        case stopped
    }

    private struct State {
        var letters: [Letter] = []
        var door = Door.open
        var status: EngineStatus
        /// Samples that the letters submit.
        var submissions = 0
        /// Of these, those of each tenant that has a name.
        var submissionsByTenant: [String: Int] = [:]
        /// The engine thread waits, or is about to, and must be woken.
        var asleep = false
        /// The engine thread has gone; nobody will read a letter.
        var sealed = false
    }

    private let state: Mutex<State>
    /// Letters submit requests that batch work does not keep waiting. Written under the lock.
    private let interactive = Atomic(false)
    private let alarm = DispatchSemaphore(value: 0)

    init(status: EngineStatus) { state = Mutex(State(status: status)) }

    var status: EngineStatus {
        state.withLock { state in
            var status = state.status
            status.waiting += state.submissions
            return status
        }
    }

    /// Refuses when `limit` samples wait already, here or in the scheduler, or `tenantLimit` of the same tenant.
    func submit(_ submission: Submission, limit: Int, tenantLimit: Int) throws(EngineError) {
        let wakes = try state.withLock { state throws(EngineError) in
            switch state.door {
            case .open: break
            case .draining: throw EngineError.draining
            case .stopped: throw EngineError.stopped
            }
            let waiting = state.status.waiting + state.submissions
            guard waiting < limit else {
                throw EngineError.queueFull(limit: limit, wait: state.status.startInterval * (waiting + 1) / 2)
            }
            try Self.count(submission.request, limit: tenantLimit, &state)
            state.submissions += submission.request.samples
            if submission.request.priority < RequestOrder.batchPriority { interactive.store(true, ordering: .relaxed) }
            return Self.append(.submit(submission), to: &state)
        }
        if wakes { alarm.signal() }
    }

    /// Takes note of what a tenant with a name submits.
    private static func count(
        _ request: GenerationRequest, limit: Int, _ state: inout State
    ) throws(EngineError) {
        let name = request.tenant.name
        guard !name.isEmpty else { return }
        let waiting = state.status.waitingByTenant[name, default: 0] + state.submissionsByTenant[name, default: 0]
        guard waiting < limit else {
            // Its requests start in turn with those of others.
            let turns = min(waiting * max(1, state.status.waitingByTenant.count), state.status.waiting)
            throw EngineError.tenantQueueFull(
                limit: limit, wait: state.status.startInterval * (max(waiting, turns) + 1) / 2)
        }
        state.submissionsByTenant[name, default: 0] += request.samples
    }

    /// All but submissions. Drain and stop shut the door at once, before the engine reads them.
    func post(_ letter: Letter) {
        let (sealed, wakes) = state.withLock { state in
            switch letter {
            case .drain where state.door == .open: state.door = .draining
            case .stop: state.door = .stopped
            default: break
            }
            return (state.sealed, !state.sealed && Self.append(letter, to: &state))
        }
        if sealed { Self.answer(letter) }
        if wakes { alarm.signal() }
    }

    /// The letters since the last call. Engine thread only. With `waits` it sleeps until one comes, but no longer
    /// than a second, so that an idle engine still shows that it lives.
    func collect(waits: Bool) -> [Letter] {
        let sleeps = state.withLock { state in
            state.asleep = waits && state.letters.isEmpty
            return state.asleep
        }
        // A letter that comes as the time runs out leaves its signal behind; the next sleep then ends early.
        if sleeps { _ = alarm.wait(timeout: .now() + .seconds(1)) }
        return state.withLock { state in
            defer { state.letters = [] }
            state.asleep = false
            interactive.store(false, ordering: .relaxed)
            state.status.waiting += state.submissions
            state.status.waitingByTenant.merge(state.submissionsByTenant, uniquingKeysWith: +)
            state.submissions = 0
            state.submissionsByTenant = [:]
            return state.letters
        }
    }

    /// Whether the next `collect` gives a request that goes before batch work. Takes no lock.
    var hasInteractive: Bool { interactive.load(ordering: .relaxed) }

    /// Engine thread only.
    func publish(_ status: EngineStatus) { state.withLock { $0.status = status } }

    /// The engine thread ends: returns the letters it will not read any more. Later ones are answered at once.
    func seal() -> [Letter] {
        state.withLock { state in
            defer { state.letters = [] }
            state.door = .stopped
            state.sealed = true
            state.submissions = 0
            return state.letters
        }
    }

    /// Tells the sender of a letter who waits for an answer that nothing runs any more.
    static func answer(_ letter: Letter) {
        switch letter {
        case .drain(_, let continuation), .stop(let continuation?): continuation.resume()
        case .progress(let continuation): continuation.resume(returning: [])
        case .submit, .cancel, .store, .stop(nil): break
        }
    }

    /// True when the engine thread has to be woken.
    private static func append(_ letter: Letter, to state: inout State) -> Bool {
        defer { state.asleep = false }
        state.letters.append(letter)
        return state.asleep
    }
}

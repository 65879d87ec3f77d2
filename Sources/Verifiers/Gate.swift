import Synchronization

/// Lets so many tasks at a time through, in order of arrival.
final class Gate: Sendable {
    private struct State {
        var free: Int
        var last: UInt64 = 0
        var waiting: [(ticket: UInt64, continuation: CheckedContinuation<Bool, Never>)] = []
        /// Cancelled before they waited.
        var cancelled: Set<UInt64> = []
    }

    private let state: Mutex<State>

    init(places: Int) { state = Mutex(State(free: places)) }

    /// Returns true with a place, which is to be given back; false when the task was cancelled before it had one.
    func enter() async -> Bool {
        let ticket = state.withLock { state in
            state.last += 1
            return state.last
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { wait($0, ticket) }
        } onCancel: {
            cancel(ticket)
        }
    }

    /// The next one takes the place over.
    func leave() {
        let next = state.withLock { state in
            if state.waiting.isEmpty { state.free += 1 }
            return state.waiting.isEmpty ? nil : state.waiting.removeFirst().continuation
        }
        next?.resume(returning: true)
    }

    private func wait(_ continuation: CheckedContinuation<Bool, Never>, _ ticket: UInt64) {
        let entered: Bool? = state.withLock { state in
            if state.cancelled.remove(ticket) != nil { return false }
            guard state.free > 0 else {
                state.waiting.append((ticket, continuation))
                return nil
            }
            state.free -= 1
            return true
        }
        if let entered { continuation.resume(returning: entered) }
    }

    private func cancel(_ ticket: UInt64) {
        let waiter = state.withLock { state in
            guard let place = state.waiting.firstIndex(where: { $0.ticket == ticket }) else {
                state.cancelled.insert(ticket)
                return nil as CheckedContinuation<Bool, Never>?
            }
            return state.waiting.remove(at: place).continuation
        }
        waiter?.resume(returning: false)
    }
}

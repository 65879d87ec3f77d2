import Synchronization

/// How a batch gets on in this process.
package final class BatchProgress: Sendable {
    private struct State {
        var done = 0
        var firstAt: ContinuousClock.Instant?
        var trouble: String?
    }

    private let state = Mutex(State())

    package init() {}

    /// Why it waits; nil while it gets on.
    package internal(set) var trouble: String? {
        get { state.withLock(\.trouble) }
        set { state.withLock { $0.trouble = newValue } }
    }

    /// Lines a second since it began here; nil before there is enough to tell from.
    package func rate(at now: ContinuousClock.Instant = .now) -> Double? {
        state.withLock { state in
            guard let first = state.firstAt, state.done > 1, now > first else { return nil }
            return Double(state.done) / (first.duration(to: now) / .seconds(1))
        }
    }

    func begin(at now: ContinuousClock.Instant = .now) { state.withLock { $0.firstAt = $0.firstAt ?? now } }

    func add(_ lines: Int) { state.withLock { $0.done += lines } }
}

import Synchronization

/// Lets one task at a time through, in order of arrival. For short stretches that contain an await.
package final class Turnstile: Sendable {
    private struct State {
        var isTaken = false
        var waiting: [CheckedContinuation<Void, Never>] = []

        mutating func take() -> Bool {
            defer { isTaken = true }
            return !isTaken
        }
    }

    private let state = Mutex(State())

    package init() {}

    package func enter() async {
        if state.withLock({ $0.take() }) { return }
        await withCheckedContinuation { continuation in
            state.withLock { state in
                if state.take() { continuation.resume() } else { state.waiting.append(continuation) }
            }
        }
    }

    /// The next one takes over; it never sees the turnstile free in between.
    package func leave() {
        state.withLock { state in
            if state.waiting.isEmpty { state.isTaken = false } else { state.waiting.removeFirst().resume() }
        }
    }
}

import Synchronization

/// One wait for a moment, on the poller's timer.
///
/// Not `Task.sleep`: that leaves a timer with Dispatch until its time has come, also where the task was cancelled long
/// before. A server that opens a hundred streams a second, each of which waits for quarter of a minute of silence, had a
/// thousand of them, and threads that came and went with them.
package final class Alarm: Polled {
    private struct State {
        var waiter: CheckedContinuation<Void, Never>?
        var isOver = false
    }

    private let name = Poller.shared.makeName()
    private let state = Mutex(State())

    private init() { Poller.shared.add(self, as: name) }

    deinit { Poller.shared.remove(name) }

    /// Returns when the moment has come or the task is cancelled.
    package static func wait(until moment: ContinuousClock.Instant) async {
        let alarm = Alarm()
        await withTaskCancellationHandler {
            await withCheckedContinuation { alarm.begin($0, moment) }
        } onCancel: {
            alarm.expire()
        }
    }

    private func begin(_ continuation: CheckedContinuation<Void, Never>, _ moment: ContinuousClock.Instant) {
        let isOver = state.withLock { state in
            if !state.isOver { state.waiter = continuation }
            return state.isOver
        }
        if isOver { continuation.resume() } else { Poller.shared.setDeadline(moment, of: name) }
    }

    /// It is no socket.
    func ready(for event: Poller.Interest, scratch: UnsafeMutableRawBufferPointer) {}

    func expire() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            state.isOver = true
            return state.waiter
        }
        waiter?.resume()
    }
}

import Synchronization
import Transport

/// Tasks that begin and end in any order, however many: those of a listener's connections.
///
/// Not a task group: that finds a child which ends by walking along the list of all (Swift 6.3), under a lock that who
/// adds one also takes. Among 10,000 connections this took longer than a small request.
final class TaskSet: Sendable {
    private struct State {
        var tasks: [Int: Task<Void, Never>] = [:]
        var last = 0
        var isCancelled = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func add(_ body: @escaping @Sendable () async -> Void) {
        state.withLock { state in
            state.last += 1
            // It is in the set before it can leave it: that takes the lock.
            let task = Task(executorPreference: TaskPool.shared) { [number = state.last] in
                await body()
                self.remove(number)
            }
            state.tasks[state.last] = task
            if state.isCancelled { task.cancel() }
        }
    }

    /// Cancels all tasks, also those that are added later.
    func cancel() {
        let tasks = state.withLock { state in
            state.isCancelled = true
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
    }

    /// Returns when there is no task left. Called once, by who adds them, after the last.
    func finish() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if !state.tasks.isEmpty { state.waiter = continuation }
                return state.tasks.isEmpty
            }
            if isEmpty { continuation.resume() }
        }
    }

    private func remove(_ number: Int) {
        let waiter = state.withLock { state in
            state.tasks.release(number)
            guard state.tasks.isEmpty else { return CheckedContinuation<Void, Never>?.none }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}

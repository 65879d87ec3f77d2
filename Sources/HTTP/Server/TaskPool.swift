import CThread
import DequeModule
import Dispatch
import Foundation
import Glibc
import Synchronization

/// The threads that run the tasks of connections, as many as there are cores.
///
/// Not Dispatch's pool, whose threads come and go, and each keep a thousand records of past work: after a crowd every
/// one of them held a page of the memory that the crowd had taken, up to 4 MB a thread.
final class TaskPool: TaskExecutor {
    private struct State {
        var jobs: Deque<UnownedJob> = []
        /// Threads that wait, less those that are being woken.
        var idle = 0
    }

    /// That of all servers of the process.
    static let shared = TaskPool()

    private let state = Mutex(State())
    private let wakes = DispatchSemaphore(value: 0)

    private init() {
        // At least two: a long task shall not hold up all others.
        for _ in 0..<max(2, ProcessInfo.processInfo.activeProcessorCount) {
            let thread = Thread { [self] in
                pthread_setname_np(pthread_self(), "connections")
                while true { next().runSynchronously(on: asUnownedTaskExecutor()) }
            }
            // As Dispatch's have; Foundation's default is 512 KiB, and handlers parse and render what nests.
            thread.stackSize = 8 << 20
            thread.qualityOfService = .userInitiated
            thread.start()
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let wakesOne = state.withLock { state in
            state.jobs.append(job)
            guard state.idle > 0 else { return false }
            state.idle -= 1
            return true
        }
        if wakesOne { wakes.signal() }
    }

    private func next() -> UnownedJob {
        while true {
            let job = state.withLock { state in
                if state.jobs.isEmpty { state.idle += 1 }
                return state.jobs.popFirst()
            }
            if let job { return job }
            wakes.wait()
        }
    }
}

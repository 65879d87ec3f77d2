import Glibc
import HTTP
import Synchronization

/// Gives every open stream an event at the same moments, as a step of the engine does for all that generate.
final class EventFeed: Sendable, Responder {
    /// Events of streams that are not read are dropped beyond that many.
    private static let bound = 256

    private struct State {
        var streams: [Int: AsyncStream<[UInt8]>.Continuation] = [:]
        var opened = 0
    }

    private let state = Mutex(State())

    /// Feeds until the task is cancelled. Each event's data is the moment it was due, in nanoseconds of the monotonic
    /// clock of the system, so that a client on the same machine knows how late it is.
    func run(every interval: Duration) async throws {
        let step = UInt64(interval / .nanoseconds(1))
        var due = Self.now
        while true {
            due += step
            let now = Self.now
            if due > now { try await Task.sleep(for: .nanoseconds(due - now), tolerance: .milliseconds(1)) }
            try Task.checkCancellation()
            let event = Array("\(due)".utf8)
            for stream in state.withLock({ Array($0.streams.values) }) { stream.yield(event) }
        }
    }

    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    func admit(_ head: RequestHead) async -> Response? { nil }

    func respond(to request: Request) async -> Response {
        .events { [self] writer in
            let (number, events) = subscribe()
            defer { state.withLock { $0.streams[number] = nil } }
            try await writer.comment()
            for await event in events { try await writer.event(event) }
        }
    }

    private func subscribe() -> (Int, AsyncStream<[UInt8]>) {
        let (events, continuation) = AsyncStream.makeStream(
            of: [UInt8].self, bufferingPolicy: .bufferingNewest(Self.bound))
        let number = state.withLock { state in
            state.opened += 1
            state.streams[state.opened] = continuation
            return state.opened
        }
        return (number, events)
    }
}

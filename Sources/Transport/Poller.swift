import CSocket
import CThread
import Foundation
import Glibc
import Synchronization

/// What the poller tells, on its thread. What happens there is short: everybody waits for it.
protocol Polled: AnyObject, Sendable {
    /// Of what was asked for, or of the end. `scratch`: memory for the length of the call.
    func ready(for event: Poller.Interest, scratch: UnsafeMutableRawBufferPointer)

    /// The deadline that was set last has passed.
    func expire()
}

/// Tells sockets when they can be read or written and when their deadlines pass: an epoll instance, a timer in it, and
/// the thread that waits on it.
///
/// Not Dispatch's sources, which end the process now and then: where a socket hangs up just as its source runs, the
/// manager's thread and the source's both finalize it, and libdispatch traps ("Source finalized twice", Swift 6.3; of
/// 60,000 clients that left, one did that). Its timers cost each new connection three calls of the system.
final class Poller: Sendable {
    /// What a socket waits for.
    struct Interest: OptionSet, Sendable {
        let rawValue: UInt32
        static let reading = Interest(rawValue: EPOLLIN.rawValue)
        static let writing = Interest(rawValue: EPOLLOUT.rawValue)
        /// Told once, and then not before it is asked for again.
        static let once = Interest(rawValue: EPOLLONESHOT.rawValue)
        /// What is told unasked: the peer has reset the connection, or both sides have ended.
        static let over = Interest(rawValue: EPOLLERR.rawValue | EPOLLHUP.rawValue)
    }

    private struct Entry {
        weak var socket: (any Polled)?
    }

    private struct State {
        var entries: [UInt64: Entry] = [:]
        var deadlines = Deadlines()
        /// When the timer goes off.
        var timer: ContinuousClock.Instant?
    }

    /// Sockets that are told of at a time.
    private static let batch = 256
    /// What a socket may receive at a time.
    static let scratchSize = 65_536
    /// Deadlines that pass at a time. Those of a crowd that came at once pass at once, and each takes a task some 50 us:
    /// what is asked between them need not wait for all.
    private static let expirations = 16
    private static let pause = Duration.milliseconds(1)
    private static let timerName: UInt64 = 0

    /// All sockets are served by one thread: what happens on each is short, one receive or send of at most 64 KiB.
    static let shared = Poller()

    private let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    /// Of the clock that goes on while the machine is suspended, as ContinuousClock does.
    private let timer = timerfd_create(CLOCK_BOOTTIME, Int32(TFD_CLOEXEC | TFD_NONBLOCK))
    private let state = Mutex(State())
    private let lastName = Atomic<UInt64>(timerName)

    private init() {
        _ = change(timer, of: Self.timerName, from: [], to: .reading)
        let thread = Thread { [self] in
            pthread_setname_np(pthread_self(), "sockets")
            run()
        }
        thread.qualityOfService = .userInitiated
        thread.start()
    }

    /// A name for a socket, which no other has again: numbers of descriptors come back.
    func makeName() -> UInt64 { lastName.add(1, ordering: .relaxed).newValue }

    /// The socket is not kept alive.
    func add(_ socket: any Polled, as name: UInt64) {
        state.withLock { $0.entries[name] = Entry(socket: socket) }
    }

    func remove(_ name: UInt64) {
        state.withLock { state in
            state.entries.release(name)
            state.deadlines.remove(name)
        }
    }

    /// Asks for what a socket waits for now. Where that is nothing the socket is let go: its end would be told of again
    /// and again. False if the system has no room for it.
    func change(_ descriptor: Int32, of name: UInt64, from old: Interest, to new: Interest) -> Bool {
        var event = epoll_event(events: new.rawValue, data: epoll_data_t(u64: name))
        let operation = new.isEmpty ? EPOLL_CTL_DEL : old.isEmpty ? EPOLL_CTL_ADD : EPOLL_CTL_MOD
        return epoll_ctl(epoll, operation, descriptor, &event) == 0
    }

    /// Has the socket told when the moment passes, in place of an earlier one.
    func setDeadline(_ moment: ContinuousClock.Instant, of name: UInt64) {
        state.withLock { state in
            guard state.entries[name] != nil else { return }
            state.deadlines.set(moment, for: name)
            if state.timer.map({ moment < $0 }) ?? true { setTimer(moment, &state) }
        }
    }

    private func setTimer(_ moment: ContinuousClock.Instant, _ state: inout State) {
        state.timer = moment
        // A time of zero would stop it.
        let (seconds, attoseconds) = max(Duration.nanoseconds(1), moment - .now).components
        let delay = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        var setting = itimerspec(it_interval: timespec(), it_value: delay)
        timerfd_settime(timer, 0, &setting, nil)
    }

    private func run() {
        var events = [epoll_event](repeating: epoll_event(), count: Self.batch)
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.scratchSize, alignment: 64)
        defer { scratch.deallocate() }
        while true {
            let count = epoll_wait(epoll, &events, Int32(Self.batch), -1)
            guard count >= 0 || errno == EINTR else { return }
            let told = events.prefix(Int(max(0, count)))
            let ready = state.withLock { state in told.map { (state.entries[$0.data.u64]?.socket, $0.events) } }
            for (socket, flags) in ready { socket?.ready(for: Interest(rawValue: flags), scratch: scratch) }
            if told.contains(where: { $0.data.u64 == Self.timerName }) { expire() }
        }
    }

    /// Tells the next few sockets, and sets the timer for the others, which also makes it unreadable.
    private func expire() {
        let now = ContinuousClock.now
        let late = state.withLock { state in
            var late: [(any Polled)?] = []
            while late.count < Self.expirations, let name = state.deadlines.next(at: now) {
                late.append(state.entries[name]?.socket)
            }
            state.timer = nil
            setTimer(max(state.deadlines.earliest ?? now + .seconds(3600), now + Self.pause), &state)
            return late
        }
        for socket in late { socket?.expire() }
    }
}

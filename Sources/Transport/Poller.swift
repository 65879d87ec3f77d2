import CEpoll
import CThread
import Foundation
import Glibc
import Synchronization

/// Tells sockets when they can be read or written: an epoll instance, and the thread that waits on it.
///
/// Not Dispatch's sources, which end the process now and then: where a socket hangs up just as its source runs, the
/// manager's thread and the source's both finalize it, and libdispatch traps ("Source finalized twice", Swift 6.3; of
/// 60,000 clients that left, one did that).
final class Poller: Sendable {
    /// What a socket waits for.
    struct Interest: OptionSet, Sendable {
        let rawValue: UInt32
        static let reading = Interest(rawValue: EPOLLIN.rawValue)
        static let writing = Interest(rawValue: EPOLLOUT.rawValue)
        /// What is told unasked: the peer has reset the connection, or both sides have ended.
        static let over = Interest(rawValue: EPOLLERR.rawValue | EPOLLHUP.rawValue)
    }

    private struct Entry {
        weak var stream: SocketStream?
    }

    private struct Streams {
        var entries: [UInt64: Entry] = [:]
        var last: UInt64 = 0
    }

    /// Sockets that are told of at a time.
    private static let batch = 256

    /// All sockets are served by one thread: what happens on each is short, one receive or send of at most 64 KiB.
    static let shared = Poller()

    private let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    private let streams = Mutex(Streams())

    private init() {
        let thread = Thread { [self] in
            pthread_setname_np(pthread_self(), "sockets")
            run()
        }
        thread.qualityOfService = .userInitiated
        thread.start()
    }

    /// A name for a stream, which no other has again: numbers of descriptors come back. It is not kept alive.
    func add(_ stream: SocketStream) -> UInt64 {
        streams.withLock { streams in
            streams.last += 1
            streams.entries[streams.last] = Entry(stream: stream)
            return streams.last
        }
    }

    func remove(_ name: UInt64) { streams.withLock { _ = $0.entries.removeValue(forKey: name) } }

    /// Asks for what a stream waits for now. Where that is nothing the socket is let go: its end would be told of again
    /// and again. False if the system has no room for it.
    func change(_ descriptor: Int32, of name: UInt64, from old: Interest, to new: Interest) -> Bool {
        var event = epoll_event(events: new.rawValue, data: epoll_data_t(u64: name))
        let operation = new.isEmpty ? EPOLL_CTL_DEL : old.isEmpty ? EPOLL_CTL_ADD : EPOLL_CTL_MOD
        return epoll_ctl(epoll, operation, descriptor, &event) == 0
    }

    private func run() {
        var events = [epoll_event](repeating: epoll_event(), count: Self.batch)
        while true {
            let count = epoll_wait(epoll, &events, Int32(Self.batch), -1)
            guard count >= 0 || errno == EINTR else { return }
            let ready = streams.withLock { streams in
                events.prefix(Int(max(0, count))).map { (streams.entries[$0.data.u64]?.stream, $0.events) }
            }
            for (stream, flags) in ready { stream?.ready(for: Interest(rawValue: flags)) }
        }
    }
}

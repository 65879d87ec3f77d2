import Foundation
import Logging
import Transport

/// The manager that started this process, if it wants to hear of it (sd_notify(3)); without one all is silent.
struct ServiceManager: Sendable {
    private let socket: NotifySocket?
    private let logger: Logger
    /// How long it waits for `feed` before it takes the process for hung; nil when it does not watch.
    let watchdog: Duration?

    init(environment: [String: String], logger: Logger) {
        self.logger = logger
        let name = environment["NOTIFY_SOCKET"]
        socket = name.flatMap { NotifySocket($0) }
        if let name, socket == nil { logger.warning("cannot notify", metadata: ["NOTIFY_SOCKET": "\(name)"]) }
        watchdog = Self.watchdog(environment)
    }

    /// sd_watchdog_enabled(3): the time is for the process that it names.
    private static func watchdog(_ environment: [String: String]) -> Duration? {
        guard let time = environment["WATCHDOG_USEC"].flatMap({ Int64($0) }), time > 0 else { return nil }
        if let process = environment["WATCHDOG_PID"], process != "\(getpid())" { return nil }
        return .microseconds(time)
    }

    var isThere: Bool { socket != nil }

    func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }
    func tell(_ status: String) { send("STATUS=\(status)") }
    func feed() { send("WATCHDOG=1") }
    func stopping() { send("STOPPING=1\nSTATUS=Finishing what runs") }

    /// Starting, or stopping, takes this long from now on, whatever the unit says.
    func extendTimeout(by duration: Duration) { send("EXTEND_TIMEOUT_USEC=\(Int64(duration / .microseconds(1)))") }

    /// To be followed by `ready`. The time lets the manager tell that READY from an earlier one.
    func reloading() { send("RELOADING=1\nMONOTONIC_USEC=\(Self.monotonicMicroseconds)") }

    /// Has the manager keep the socket, open, until the process has been restarted.
    func store(_ listener: Listener) {
        _ = listener.withDescriptor { send("FDSTORE=1\nFDNAME=\(InheritedSockets.storedName)", [$0]) }
    }

    private static var monotonicMicroseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    private func send(_ text: String, _ descriptors: [Int32] = []) {
        do {
            try socket?.send(text, descriptors: descriptors)
        } catch {
            logger.warning("cannot notify", metadata: ["error": "\(error)"])
        }
    }
}

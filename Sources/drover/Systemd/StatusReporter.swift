import Engine
import Transport

/// Tells the service manager every few seconds how the server goes, and that it goes at all.
struct StatusReporter: Sendable {
    let manager: ServiceManager
    let server: DroverServer

    /// Loading may stand still for so long, on a slow disk, before the manager's own time-out counts.
    private static let patience = Duration.seconds(120)
    private static let interval = Duration.seconds(5)

    /// Until the task is cancelled.
    func run() async {
        guard manager.isThere else { return }
        var seen: (share: Double, heartbeat: ContinuousClock.Instant) = (-1, .now)
        let interval = min(Self.interval, manager.watchdog.map { $0 / 4 } ?? Self.interval)
        repeat {
            let status = server.status
            manager.tell("\(status)")
            switch status {
            // Only progress buys time: who hangs is to be found out.
            case .loading(let share) where share > seen.share:
                manager.extendTimeout(by: Self.patience)
                seen.share = share
            // Each time the engine has moved, or has shown that it waits for work, since the last time: a step that
            // never ends is not covered by the rest of the process, which still answers.
            case .serving(let engine) where engine.heartbeat > seen.heartbeat:
                if manager.watchdog != nil { manager.feed() }
                seen.heartbeat = engine.heartbeat
            default: break
            }
            await Alarm.wait(until: .now + interval)
        } while !Task.isCancelled
    }
}

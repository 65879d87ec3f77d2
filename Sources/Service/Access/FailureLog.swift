/// Wrong keys by address, to slow down who tries many.
///
/// A value: no clock. Holds a bounded number of addresses; what is lost when there are more only lets somebody try again.
package struct FailureLog: Sendable {
    private struct Window {
        let end: ContinuousClock.Instant
        var count = 0
    }

    /// Wrong keys that an address may show in a minute.
    package static let limit = 20
    private static let length = Duration.seconds(60)
    package static let addressLimit = 4_096

    private var windows: [String: Window] = [:]

    package init() {}

    package var addressCount: Int { windows.count }

    /// Takes note of a wrong key. How long the address has to wait; nil while it has not tried too often.
    package mutating func fail(_ address: String, at now: ContinuousClock.Instant) -> Duration? {
        var window = windows[address].flatMap { $0.end > now ? $0 : nil } ?? Window(end: now + Self.length)
        window.count += 1
        if windows[address] == nil, windows.count >= Self.addressLimit { makeRoom(at: now) }
        windows[address] = window
        return window.count > Self.limit ? window.end - now : nil
    }

    private mutating func makeRoom(at now: ContinuousClock.Instant) {
        windows = windows.filter { $1.end > now }
        // Of those that all are new, the ones with the fewest failures are the least worth keeping.
        guard windows.count >= Self.addressLimit else { return }
        let counts = windows.values.map(\.count).sorted()
        let bound = counts[counts.count / 2]
        var surplus = counts.count / 2
        windows = windows.filter { _, window in
            guard surplus > 0, window.count <= bound else { return true }
            surplus -= 1
            return false
        }
    }
}

import Synchronization

/// The quotient of two sums over the last minute, 0 when nothing was added. Any thread may add.
///
/// The window goes with the clock and not from one reading of the page to the next, so however many read it, all see
/// the same.
package final class RecentRatio: Metric {
    private struct Second {
        /// Since `origin`.
        var number = -1
        var amount = 0.0
        var base = 0.0
    }

    /// Seconds that it looks back on, the one that runs included.
    package static let window = 60

    var type: String { "gauge" }
    private let origin: ContinuousClock.Instant
    /// (window) the second with number i lies at i modulo window.
    private let seconds = Mutex([Second](repeating: Second(), count: window))

    init(origin: ContinuousClock.Instant = .now) { self.origin = origin }

    package func add(_ amount: Double, over base: Double, at now: ContinuousClock.Instant) {
        let number = number(at: now)
        seconds.withLock { seconds in
            let place = number % Self.window
            if seconds[place].number != number { seconds[place] = Second(number: number) }
            seconds[place].amount += amount
            seconds[place].base += base
        }
    }

    package func value(at now: ContinuousClock.Instant) -> Double {
        let last = number(at: now)
        let (amount, base) = seconds.withLock { seconds in
            seconds.reduce((0.0, 0.0)) { sums, second in
                guard second.number > last - Self.window else { return sums }
                return (sums.0 + second.amount, sums.1 + second.base)
            }
        }
        return base > 0 ? amount / base : 0
    }

    private func number(at now: ContinuousClock.Instant) -> Int { max(0, Int((now - origin).components.seconds)) }

    func write(name: String, labels: Labels, to page: inout String) {
        page += "\(name)\(labels.text) \(value(at: .now))\n"
    }
}

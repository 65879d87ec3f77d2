/// An amount that may be used up at once and comes back evenly within a minute. May be overdrawn by what was not known
/// before; the debt is waited for.
///
/// A value: no clock.
struct TokenBucket: Sendable {
    let limit: Int
    private var level: Double
    private var time: ContinuousClock.Instant

    /// Full.
    init(limit: Int, at now: ContinuousClock.Instant) {
        self.limit = limit
        level = Double(limit)
        time = now
    }

    private var perSecond: Double { Double(limit) / 60 }

    mutating func refill(at now: ContinuousClock.Instant) {
        guard now > time else { return }
        level = min(Double(limit), level + (now - time) / .seconds(1) * perSecond)
        time = now
    }

    /// What may be used now.
    var left: Int { max(0, Int(level + 1e-6)) }

    /// Takes an amount, or gives it back when it is negative.
    mutating func take(_ amount: Int) { level = min(Double(limit), level - Double(amount)) }

    /// Until there is that much, or all that can be; nil when it is there.
    func wait(for amount: Int) -> Duration? {
        let missing = Double(min(amount, limit)) - level
        return missing > 1e-6 ? .seconds(missing / perSecond) : nil
    }

    /// Until it is full.
    var reset: Duration { .seconds(max(0, Double(limit) - level) / perSecond) }
}

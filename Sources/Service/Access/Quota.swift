/// What a key has left of its limits.
///
/// A value: no clock. Before a request starts it is charged with its prompt and what it may be expected to generate, and
/// when it has ended with what it was; so requests that start together do not all spend the same tokens. One that alone
/// exceeds a limit is let in when nothing else was charged, and then paid off.
package struct Quota: Sendable {
    package enum Refusal: Error, Equatable {
        case concurrency(limit: Int, wait: Duration)
        case requests(limit: Int, wait: Duration)
        case tokens(limit: Int, wait: Duration)
        /// Until the next day.
        case day(limit: Int, wait: Duration)
    }

    /// A moment on both clocks: limits a minute must not see the calendar jump, limits a day must.
    package struct Moment: Sendable {
        package var clock: ContinuousClock.Instant
        /// Seconds since 1970.
        package var calendar: Int64

        package init(clock: ContinuousClock.Instant = .now, calendar: Int64 = UnixTime.now) {
            self.clock = clock
            self.calendar = calendar
        }

        var day: Int64 { calendar.floorDivided(by: 86_400) }
        var untilTomorrow: Duration { .seconds((day + 1) * 86_400 - calendar) }
    }

    private var limits: KeyLimits
    private var requests: TokenBucket?
    private var tokens: TokenBucket?
    private var day: Int64
    /// Those charged for what runs included.
    private var tokensToday: Int
    /// Requests that run.
    private var open = 0
    /// How long a request takes, as a moving mean in seconds.
    private var duration = 1.0

    package init(_ limits: KeyLimits, tokensToday: Int = 0, at now: Moment) {
        self.limits = limits
        self.tokensToday = tokensToday
        day = now.day
        requests = limits.requestsPerMinute.map { TokenBucket(limit: $0, at: now.clock) }
        tokens = limits.tokensPerMinute.map { TokenBucket(limit: $0, at: now.clock) }
    }

    /// Other limits from now on. A bucket whose limit stays keeps its level.
    package mutating func change(to limits: KeyLimits, at now: Moment) {
        if limits.requestsPerMinute != self.limits.requestsPerMinute {
            requests = limits.requestsPerMinute.map { TokenBucket(limit: $0, at: now.clock) }
        }
        if limits.tokensPerMinute != self.limits.tokensPerMinute {
            tokens = limits.tokensPerMinute.map { TokenBucket(limit: $0, at: now.clock) }
        }
        self.limits = limits
    }

    /// Throws when a request of so many tokens may not start.
    package mutating func check(tokens count: Int, at now: Moment) throws(Refusal) {
        advance(to: now)
        if let limit = limits.requests, open >= limit {
            throw .concurrency(limit: limit, wait: .seconds(duration / Double(limit)))
        }
        if let bucket = requests, let wait = bucket.wait(for: 1) { throw .requests(limit: bucket.limit, wait: wait) }
        if let bucket = tokens, let wait = bucket.wait(for: count) { throw .tokens(limit: bucket.limit, wait: wait) }
        if let limit = limits.tokensPerDay, tokensToday + min(count, limit) > limit {
            throw .day(limit: limit, wait: now.untilTomorrow)
        }
    }

    /// Charges a request, if it may start.
    package mutating func begin(tokens count: Int, at now: Moment) throws(Refusal) {
        try check(tokens: count, at: now)
        requests?.take(1)
        tokens?.take(count)
        tokensToday += count
        open += 1
    }

    /// A request has ended that was charged with so many tokens and used so many.
    package mutating func end(charged: Int, used: Int, after duration: Duration, at now: Moment) {
        advance(to: now)
        tokens?.take(used - charged)
        // One that began yesterday was charged then.
        tokensToday = max(0, tokensToday + used - charged)
        open -= 1
        self.duration += (duration / .seconds(1) - self.duration) / 8
    }

    private mutating func advance(to now: Moment) {
        requests?.refill(at: now.clock)
        tokens?.refill(at: now.clock)
        if now.day != day {
            day = now.day
            tokensToday = 0
        }
    }

    /// The limits as OpenAI's headers tell them: a name and a value each. Tokens are those of a minute, or where these
    /// are not limited those of the day.
    package mutating func headers(at now: Moment) -> [(name: String, value: String)] {
        advance(to: now)
        var headers: [(String, String)] = []
        if let requests { headers += Self.headers("requests", requests.limit, requests.left, requests.reset) }
        if let tokens {
            headers += Self.headers("tokens", tokens.limit, tokens.left, tokens.reset)
        } else if let limit = limits.tokensPerDay {
            headers += Self.headers("tokens", limit, max(0, limit - tokensToday), now.untilTomorrow)
        }
        return headers
    }

    private static func headers(
        _ unit: String, _ limit: Int, _ left: Int, _ reset: Duration
    ) -> [(name: String, value: String)] {
        [
            ("x-ratelimit-limit-\(unit)", "\(limit)"), ("x-ratelimit-remaining-\(unit)", "\(left)"),
            ("x-ratelimit-reset-\(unit)", text(reset)),
        ]
    }

    /// As OpenAI writes durations: `850ms`, `6s`, `1m30s`, `2h0m1s`.
    package static func text(_ duration: Duration) -> String {
        let milliseconds = Int64((duration / .milliseconds(1)).rounded(.up))
        guard milliseconds >= 1_000 else { return milliseconds <= 0 ? "0s" : "\(milliseconds)ms" }
        let seconds = (milliseconds + 999) / 1_000
        let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60)
        return (hours > 0 ? "\(hours)h" : "") + (seconds >= 60 ? "\(minutes)m" : "") + "\(seconds % 60)s"
    }
}

extension Int64 {
    /// Rounded down also where it is negative.
    fileprivate func floorDivided(by divisor: Int64) -> Int64 { self >= 0 ? self / divisor : (self + 1) / divisor - 1 }
}

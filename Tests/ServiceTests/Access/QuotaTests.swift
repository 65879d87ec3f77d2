import Service
import Testing

struct QuotaTests {
    /// Half past eleven in the evening of a day of UTC.
    private static let start = Quota.Moment(clock: .now, calendar: 20_000 * 86_400 + 84_600)

    private static func later(_ seconds: Double) -> Quota.Moment {
        Quota.Moment(clock: start.clock + .seconds(seconds), calendar: start.calendar + Int64(seconds))
    }

    private static func make(
        requests: Int? = nil, requestsPerMinute: Int? = nil, tokensPerMinute: Int? = nil, tokensPerDay: Int? = nil,
        tokensToday: Int = 0
    ) -> Quota {
        Quota(
            KeyLimits(
                requests: requests, requestsPerMinute: requestsPerMinute, tokensPerMinute: tokensPerMinute,
                tokensPerDay: tokensPerDay),
            tokensToday: tokensToday, at: start)
    }

    @Test func `without limits everything goes`() throws {
        var quota = Self.make()
        for _ in 0..<1_000 { try quota.begin(tokens: 1_000_000, at: Self.start) }
        #expect(quota.headers(at: Self.start).isEmpty)
    }

    @Test func `so many requests run at once, and a full one says how long one takes`() throws {
        var quota = Self.make(requests: 2)
        try quota.begin(tokens: 1, at: Self.start)
        try quota.begin(tokens: 1, at: Self.start)
        #expect(throws: Quota.Refusal.concurrency(limit: 2, wait: .seconds(0.5))) {
            try quota.begin(tokens: 1, at: Self.start)
        }
        quota.end(charged: 1, used: 1, after: .seconds(9), at: Self.start)
        try quota.begin(tokens: 1, at: Self.start)
        #expect(throws: Quota.Refusal.concurrency(limit: 2, wait: .seconds(1))) {
            try quota.begin(tokens: 1, at: Self.start)
        }
    }

    @Test func `requests come back evenly within a minute`() throws {
        var quota = Self.make(requestsPerMinute: 30)
        for _ in 0..<30 { try quota.begin(tokens: 1, at: Self.start) }
        #expect(throws: Quota.Refusal.requests(limit: 30, wait: .seconds(2))) {
            try quota.begin(tokens: 1, at: Self.start)
        }
        try quota.begin(tokens: 1, at: Self.later(2.1))
        #expect(throws: Quota.Refusal.self) { try quota.begin(tokens: 1, at: Self.later(2.1)) }
        let headers = Dictionary(uniqueKeysWithValues: quota.headers(at: Self.later(32)))
        #expect(headers["x-ratelimit-limit-requests"] == "30")
        #expect(headers["x-ratelimit-remaining-requests"] == "15")
        #expect(headers["x-ratelimit-reset-requests"] == "30s")
        #expect(headers["x-ratelimit-limit-tokens"] == nil)
    }

    @Test func `what was charged and not used comes back`() throws {
        var quota = Self.make(tokensPerMinute: 600)
        try quota.begin(tokens: 500, at: Self.start)
        #expect(throws: Quota.Refusal.tokens(limit: 600, wait: .seconds(10))) {
            try quota.begin(tokens: 200, at: Self.start)
        }
        quota.end(charged: 500, used: 100, after: .seconds(1), at: Self.start)
        try quota.begin(tokens: 200, at: Self.start)
        #expect(quota.headers(at: Self.start).first { $0.name == "x-ratelimit-remaining-tokens" }?.value == "300")
    }

    @Test func `what is larger than a limit goes alone and is paid off`() throws {
        var quota = Self.make(tokensPerMinute: 600)
        try quota.begin(tokens: 1_200, at: Self.start)
        quota.end(charged: 1_200, used: 1_200, after: .seconds(1), at: Self.start)
        #expect(throws: Quota.Refusal.tokens(limit: 600, wait: .seconds(61))) {
            try quota.begin(tokens: 10, at: Self.start)
        }
        #expect(throws: Quota.Refusal.self) { try quota.begin(tokens: 1_200, at: Self.later(61)) }
        try quota.begin(tokens: 1_200, at: Self.later(121))
    }

    @Test func `a day ends at midnight and goes on from what was used of it`() throws {
        var quota = Self.make(tokensPerDay: 1_000, tokensToday: 700)
        try quota.begin(tokens: 200, at: Self.start)
        quota.end(charged: 200, used: 250, after: .seconds(1), at: Self.start)
        #expect(throws: Quota.Refusal.day(limit: 1_000, wait: .seconds(1_800))) {
            try quota.begin(tokens: 100, at: Self.start)
        }
        let headers = Dictionary(uniqueKeysWithValues: quota.headers(at: Self.start))
        #expect(headers["x-ratelimit-remaining-tokens"] == "50" && headers["x-ratelimit-reset-tokens"] == "30m0s")
        try quota.begin(tokens: 1_000, at: Self.later(1_801))
    }

    @Test func `a limit that stays keeps what is left of it when another changes`() throws {
        var quota = Self.make(requestsPerMinute: 10, tokensPerMinute: 100)
        try quota.begin(tokens: 80, at: Self.start)
        quota.change(to: KeyLimits(requestsPerMinute: 5, tokensPerMinute: 100), at: Self.start)
        let headers = Dictionary(uniqueKeysWithValues: quota.headers(at: Self.start))
        #expect(headers["x-ratelimit-remaining-requests"] == "5" && headers["x-ratelimit-remaining-tokens"] == "20")
    }

    @Test(arguments: [
        (Duration.zero, "0s"), (.milliseconds(6), "6ms"), (.milliseconds(999), "999ms"), (.seconds(1), "1s"),
        (.seconds(59.2), "60s"), (.seconds(90), "1m30s"), (.seconds(7_201), "2h0m1s"),
    ])
    func `durations are written as OpenAI's`(_ duration: Duration, _ text: String) {
        #expect(Quota.text(duration) == (text == "60s" ? "1m0s" : text))
    }
}

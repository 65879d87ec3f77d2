import OpenAI
import Synchronization
import Telemetry

/// What a key has used, for as long as the process runs: a change of the key file does not make anybody forget.
final class KeyAccount: Sendable {
    let name: String
    private let quota: Mutex<Quota>
    private let counters: KeyCounters
    private let book: UsageBook?

    init(_ key: ClientKey, metrics: MetricsRegistry, book: UsageBook?, now: Quota.Moment = Quota.Moment()) {
        name = key.name
        let tokensToday = book?.usage(of: key.name, day: now.day).tokens ?? 0
        quota = Mutex(Quota(key.limits, tokensToday: tokensToday, at: now))
        counters = KeyCounters(key.name, registry: metrics)
        self.book = book
    }

    func change(to limits: KeyLimits) { quota.withLock { $0.change(to: limits, at: Quota.Moment()) } }

    /// Throws when not even an empty request might start: known before the request is read.
    func check() throws(APIError) {
        try refusing { quota throws(Quota.Refusal) in try quota.check(tokens: 1, at: Quota.Moment()) }
    }

    func begin(tokens: Int) throws(APIError) {
        try refusing { quota throws(Quota.Refusal) in try quota.begin(tokens: tokens, at: Quota.Moment()) }
    }

    private func refusing(_ body: (inout Quota) throws(Quota.Refusal) -> Void) throws(APIError) {
        do {
            try quota.withLock { quota throws(Quota.Refusal) in try body(&quota) }
        } catch {
            counters.refusals.add()
            throw APIError(error)
        }
    }

    func end(charged: Int, usage: KeyUsage, after duration: Duration) {
        let now = Quota.Moment()
        quota.withLock { $0.end(charged: charged, used: usage.tokens, after: duration, at: now) }
        counters.add(usage)
        book?.add(usage, of: name, day: now.day)
    }

    var headers: [(name: String, value: String)] { quota.withLock { $0.headers(at: Quota.Moment()) } }
}

/// What requests have used.
package struct KeyUsage: Sendable, Equatable {
    package var requests = 0
    package var promptTokens = 0
    package var cachedTokens = 0
    package var outputTokens = 0

    package init() {}

    var tokens: Int { promptTokens + outputTokens }

    mutating func add(_ other: KeyUsage) {
        requests += other.requests
        promptTokens += other.promptTokens
        cachedTokens += other.cachedTokens
        outputTokens += other.outputTokens
    }
}

/// The metrics of one key. There are as many as there are keys, and their names are the operator's.
private struct KeyCounters: Sendable {
    let refusals: Counter
    private let requests: Counter
    private let promptTokens: Counter
    private let cachedTokens: Counter
    private let outputTokens: Counter

    init(_ name: String, registry: MetricsRegistry) {
        let labels = Labels(["key": name])
        requests = registry.counter(
            "drover_key_requests_total", "Requests that started and ended, by key.", labels: labels)
        refusals = registry.counter(
            "drover_key_refusals_total", "Requests that a limit of their key refused, by key.", labels: labels)
        promptTokens = registry.counter("drover_key_prompt_tokens_total", "Prompt tokens, by key.", labels: labels)
        cachedTokens = registry.counter(
            "drover_key_cached_tokens_total", "Prompt tokens that did not have to be computed, by key.", labels: labels)
        outputTokens = registry.counter(
            "drover_key_generation_tokens_total", "Tokens generated, by key.", labels: labels)
    }

    func add(_ usage: KeyUsage) {
        requests.add(usage.requests)
        promptTokens.add(usage.promptTokens)
        cachedTokens.add(usage.cachedTokens)
        outputTokens.add(usage.outputTokens)
    }
}

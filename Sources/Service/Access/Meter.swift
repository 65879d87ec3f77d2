import Engine
import Synchronization

/// Counts what one request uses, and settles it when the request has ended: by `end`, or when nobody holds it any more.
final class Meter: Sendable {
    fileprivate struct Count {
        var hasStarted = false
        /// Of the sample that found the least: the others found what it computed.
        var cached = Int.max
        var output = 0
        var hasEnded = false
    }

    private let account: KeyAccount?
    private let promptTokens: Int
    private let charged: Int
    private let start = ContinuousClock.now
    private let count = Mutex(Count())

    init(_ account: KeyAccount?, promptTokens: Int, charged: Int) {
        self.account = account
        self.promptTokens = promptTokens
        self.charged = charged
    }

    deinit { end() }

    /// Takes note of an event of one of the request's samples.
    func take(_ event: TokenEvent) {
        guard account != nil else { return }
        count.withLock { count in
            switch event {
            case .prefill(let computed, let total, let cached):
                count.hasStarted = true
                if computed == total { count.cached = min(count.cached, cached) }
            case .token: count.output += 1
            case .finished: break
            }
        }
    }

    /// Only the first call counts.
    func end() {
        guard let account, let usage = count.withLock({ $0.end(promptTokens) }) else { return }
        account.end(charged: charged, usage: usage, after: .now - start)
    }
}

extension Meter.Count {
    fileprivate mutating func end(_ promptTokens: Int) -> KeyUsage? {
        guard !hasEnded else { return nil }
        hasEnded = true
        var usage = KeyUsage()
        usage.requests = hasStarted ? 1 : 0
        usage.promptTokens = hasStarted ? promptTokens : 0
        usage.cachedTokens = cached == .max ? 0 : cached
        usage.outputTokens = output
        return usage
    }
}

import Engine
import Synchronization

/// Counts what one request uses, and settles it when the request has ended: by `end`, or when nobody holds it any more.
final class Meter: Sendable {
    /// Counts for one of the request's prompts.
    struct Line: Sendable {
        fileprivate let meter: Meter
        fileprivate let prompt: Int

        /// Takes note of an event of one of the prompt's samples.
        func take(_ event: TokenEvent) { meter.take(event, prompt: prompt) }
    }

    /// Of a prompt.
    private struct Count {
        let tokens: Int
        var hasStarted = false
        /// Of the sample that found the least: the others found what it computed.
        var cached: Int?
    }

    private struct State {
        var prompts: [Count]
        var output = 0
        var hasEnded = false
    }

    private let account: KeyAccount?
    private let charged: Int
    private let start = ContinuousClock.now
    private let state: Mutex<State>

    init(_ account: KeyAccount?, promptTokens: [Int], charged: Int) {
        self.account = account
        self.charged = charged
        state = Mutex(State(prompts: promptTokens.map { Count(tokens: $0) }))
    }

    deinit { end() }

    func line(of prompt: Int) -> Line { Line(meter: self, prompt: prompt) }

    private func take(_ event: TokenEvent, prompt: Int) {
        guard account != nil else { return }
        state.withLock { state in
            switch event {
            case .prefill(let computed, let total, let cached):
                state.prompts[prompt].hasStarted = true
                if computed == total {
                    state.prompts[prompt].cached = min(state.prompts[prompt].cached ?? cached, cached)
                }
            case .token: state.output += 1
            case .scored, .vector, .finished: break
            }
        }
    }

    /// Only the first call counts.
    func end() {
        guard let account else { return }
        let usage = state.withLock { state -> KeyUsage? in
            defer { state.hasEnded = true }
            return state.hasEnded ? nil : Self.usage(state)
        }
        if let usage { account.end(charged: charged, usage: usage, after: .now - start) }
    }

    private static func usage(_ state: State) -> KeyUsage {
        let started = state.prompts.filter(\.hasStarted)
        var usage = KeyUsage()
        usage.requests = started.isEmpty ? 0 : 1
        usage.promptTokens = started.reduce(0) { $0 + $1.tokens }
        usage.cachedTokens = started.reduce(0) { $0 + ($1.cached ?? 0) }
        usage.outputTokens = state.output
        return usage
    }
}

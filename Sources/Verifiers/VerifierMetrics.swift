import Synchronization
import Telemetry

/// What becomes of the runs of one verifier, on the metrics page. Any task may count.
final class VerifierMetrics: Sendable {
    private struct Load {
        var waiting = 0
        var running = 0
    }

    private let registry: MetricsRegistry
    private let labels: Labels
    private let seconds: Histogram
    private let load = Mutex(Load())

    private static let secondBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]

    /// - Parameter verifier: its name.
    init(_ registry: MetricsRegistry, verifier: String) {
        self.registry = registry
        labels = Labels(["verifier": verifier])
        seconds = registry.histogram(
            "drover_verifier_seconds", "Time that a verifier took for a candidate, without the wait for its turn.",
            labels: labels, bounds: Self.secondBounds)
        registry.reading("drover_verifier_running", "Candidates that a verifier looks at.", labels: labels) {
            [weak self] in Double(self?.load.withLock(\.running) ?? 0)
        }
        registry.reading("drover_verifier_waiting", "Candidates that wait for a verifier's turn.", labels: labels) {
            [weak self] in Double(self?.load.withLock(\.waiting) ?? 0)
        }
        // Both from the start, so that their rates are known from the first run on.
        for outcome in [Verdict(passed: true), Verdict(passed: false)] { _ = runs(outcome) }
    }

    func wait() { load.withLock { $0.waiting += 1 } }

    func stopWaiting() { load.withLock { $0.waiting -= 1 } }

    func begin() { load.withLock { $0.running += 1 } }

    func end(after time: Duration) {
        load.withLock { $0.running -= 1 }
        seconds.observe(time)
    }

    func count(_ verdict: Verdict) { runs(verdict).add() }

    private func runs(_ verdict: Verdict) -> Counter {
        let outcome = verdict.failure?.name ?? (verdict.passed ? "passed" : "rejected")
        return registry.counter(
            "drover_verifier_runs_total",
            "Candidates that a verifier was asked about: passed, rejected, or why there was no decision.",
            labels: labels.adding("outcome", outcome))
    }
}

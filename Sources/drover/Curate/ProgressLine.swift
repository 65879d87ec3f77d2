import Foundation
import Synchronization

/// How far a stage is: on a terminal one line that is written over, with rate and time to go; elsewhere one line at its
/// end.
final class ProgressLine: Sendable {
    private let stage: String
    private let unit: String
    private let total: Int
    /// Done by an earlier run.
    private let before: Int
    private let start = ContinuousClock.now
    private let state = Mutex((done: 0, shown: ContinuousClock.now))
    private static let isTerminal = isatty(STDERR_FILENO) == 1

    init(_ stage: String, unit: String, total: Int, before: Int) {
        self.stage = stage
        self.unit = unit
        self.total = total
        self.before = before
    }

    /// One more is done.
    func advance() {
        let done: Int? = state.withLock { state in
            state.done += 1
            guard Self.isTerminal, .now - state.shown > .milliseconds(200) else { return nil }
            state.shown = .now
            return state.done
        }
        if let done { Terminal.status("\r\(text(done))\u{1B}[K") }
    }

    func finish() {
        let done = state.withLock { $0.done }
        let earlier = before > 0 ? ", \(before) of an earlier run" : ""
        let line = "\(Self.padded(stage)) \(done + before) \(unit)\(earlier), \(Self.time(seconds))"
        Terminal.status((Self.isTerminal ? "\r" : "") + line + (Self.isTerminal ? "\u{1B}[K\n" : "\n"))
    }

    private var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

    private func text(_ done: Int) -> String {
        let rate = Double(done) / max(seconds, 0.001)
        let left = Double(total - before - done) / max(rate, 0.001)
        let speed = (rate * 10).rounded() / 10
        return "\(Self.padded(stage)) \(done + before)/\(total) \(unit), \(speed)/s, \(Self.time(left)) to go"
    }

    private static func padded(_ stage: String) -> String { stage.padding(toLength: 9, withPad: " ", startingAt: 0) }

    /// Seconds as people say them: `8 s`, `3 min 20 s`, `5 h 12 min`.
    static func time(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "unknown time" }
        let whole = Int(seconds.rounded(.up))
        switch whole {
        case ..<60: return "\(whole) s"
        case ..<3_600: return "\(whole / 60) min \(whole % 60) s"
        default: return "\(whole / 3_600) h \(whole % 3_600 / 60) min"
        }
    }
}

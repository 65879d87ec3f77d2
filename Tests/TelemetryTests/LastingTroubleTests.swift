import Logging
import Synchronization
import Telemetry
import Testing

struct LastingTroubleTests {
    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    private struct Recorder: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let error = event.metadata?["error"].map { ": \($0)" } ?? ""
            lines.all.withLock { $0.append("\(event.level) \(event.message)\(error)") }
        }
    }

    private enum Failure: Error { case full, gone }

    @Test func `a trouble is told when it begins and when it is over`() {
        let lines = Lines()
        let logger = Logger(label: "test") { _ in Recorder(lines: lines) }
        let trouble = LastingTrouble("it fails", over: "it works", logger: logger)
        trouble.clear()
        for _ in 0..<3 { trouble.note(Failure.full) }
        trouble.note(Failure.gone)
        for _ in 0..<2 { trouble.clear() }
        trouble.note(Failure.gone)
        #expect(
            lines.all.withLock(\.self) == ["error it fails: full", "notice it works", "error it fails: gone"])
    }
}

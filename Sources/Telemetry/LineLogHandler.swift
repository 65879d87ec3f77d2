package import Logging

#if canImport(Glibc)
import Glibc
#endif

/// Writes one line an event to standard error, where journald picks it up.
package struct LineLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let label: String
    private let format: LogFormat

    package init(label: String, level: Logger.Level, format: LogFormat = .text) {
        self.label = label
        self.format = format
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }
        var bytes =
            switch format {
            case .text: LogLine.text(event, label: label, fields: fields).bytes
            case .json: LogLine.json(event, label: label, fields: fields, seconds: Self.now).bytes
            }
        // One write(2) a line: lines of different threads never mix, and a full pipe loses a line, not the process.
        _ = bytes.withUnsafeMutableBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private static var now: Double {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }
}

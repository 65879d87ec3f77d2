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
    private let output: LogOutput

    package init(
        label: String, level: Logger.Level, format: LogFormat = .text, output: LogOutput = .standardError
    ) {
        self.label = label
        self.format = format
        self.output = output
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }
        output.write(line(event, fields), event.level) { dropped in
            let notice = LogEvent(
                level: .warning, message: "the log could not be written", metadata: nil, source: event.source,
                file: event.file, function: event.function, line: event.line)
            return line(notice, ["dropped_lines": .stringConvertible(dropped)])
        }
    }

    private func line(_ event: LogEvent, _ fields: Logger.Metadata) -> LogLine {
        switch format {
        case .text: LogLine.text(event, label: label, fields: fields)
        case .json: LogLine.json(event, label: label, fields: fields, seconds: Self.now)
        }
    }

    private static var now: Double {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }
}

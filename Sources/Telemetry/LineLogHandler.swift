package import Logging

#if canImport(Glibc)
import Glibc
#endif

/// Writes one line an event to standard error, where journald picks it up: level, message, key=value pairs.
package struct LineLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let label: String

    package init(label: String, level: Logger.Level) {
        self.label = label
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let pairs = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let tail = pairs.map { " \($0.key)=\(Self.quoted("\($0.value)"))" }.joined()
        let line = "\(event.level.rawValue) \(label): \(event.message)\(tail)\n"
        // One write(2) a line: lines of different threads never mix, and a full pipe loses a line, not the process.
        var bytes = Array(line.utf8)
        _ = bytes.withUnsafeMutableBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// A value with white space, quotes or control characters is quoted, so that a line stays one line.
    private static func quoted(_ value: String) -> String {
        let plain = value.unicodeScalars.allSatisfy { $0.value > 0x20 && $0 != "\"" && $0 != "=" && $0.value != 0x7F }
        return plain && !value.isEmpty ? value : value.debugDescription
    }
}

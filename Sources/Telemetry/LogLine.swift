package import Logging

#if canImport(Glibc)
import Glibc
#endif

/// One event as a line of the log. Whatever the event holds, it stays one line, and its fields stay apart.
package struct LogLine {
    private var text: String

    /// Values that hold white space, quotes, `=` or what a terminal could take for a command are quoted and escaped.
    package static func text(_ event: LogEvent, label: String, fields: Logger.Metadata) -> LogLine {
        let message = escaped(bounded("\(event.message)"), quotes: false)
        var line = LogLine(text: "\(event.level.rawValue) \(label): \(message)")
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            line.text += " \(key)=\(quotedIfNeeded(bounded("\(value)")))"
        }
        return line
    }

    /// - Parameter seconds: since 1970.
    package static func json(_ event: LogEvent, label: String, fields: Logger.Metadata, seconds: Double) -> LogLine {
        var line = LogLine(text: "{\"time\":\(quoted(time(seconds))),\"level\":\"\(event.level.rawValue)\"")
        line.text += ",\"logger\":\(quoted(label)),\"message\":\(quoted(bounded("\(event.message)")))"
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) where !ownKeys.contains(key) {
            line.text += ",\(quoted(key)):\(json(value))"
        }
        line.text += "}"
        return line
    }

    package var bytes: [UInt8] { bytes(prefix: "", limit: .max) }

    /// With something in front and the line feed at most `limit` bytes; what is longer is cut after a whole character.
    func bytes(prefix: String, limit: Int) -> [UInt8] {
        var bytes = Array(prefix.utf8) + text.utf8
        if bytes.count >= limit {
            var end = limit - 1
            while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
            bytes.removeSubrange(end...)
        }
        return bytes + [0x0A]
    }

    private static let ownKeys: Set<String> = ["time", "level", "logger", "message"]

    /// Numbers and truth values that were given as such stay what they are.
    private static func json(_ value: Logger.MetadataValue) -> String {
        if case .stringConvertible(let value) = value {
            if let number = value as? Int { return "\(number)" }
            if let number = value as? Double, number.isFinite { return "\(number)" }
            if let truth = value as? Bool { return "\(truth)" }
        }
        return quoted(bounded("\(value)"))
    }

    /// A client can make a path of 8 KiB; its beginning says enough, and the line stays whole.
    private static func bounded(_ value: String) -> String {
        value.utf8.count <= 1024 ? value : String(value.unicodeScalars.prefix(512)) + "…"
    }

    private static func quotedIfNeeded(_ value: String) -> String {
        let isPlain = value.unicodeScalars.allSatisfy { $0 != " " && $0 != "=" && $0 != "\"" && !isUnsafe($0) }
        return isPlain && !value.isEmpty ? value : quoted(value)
    }

    private static func quoted(_ value: String) -> String { "\"\(escaped(value, quotes: true))\"" }

    private static func escaped(_ value: String, quotes: Bool) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"" where quotes: text += "\\\""
            case "\\" where quotes: text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where isUnsafe(scalar):
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// Control characters, line breaks that only some readers know, and marks that turn the direction of a line round.
    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    /// RFC 3339 with milliseconds, in UTC.
    private static func time(_ seconds: Double) -> String {
        let milliseconds = Int((seconds * 1000).rounded(.down))
        var (whole, parts) = (time_t(milliseconds / 1000), tm())
        guard gmtime_r(&whole, &parts) != nil else { return "" }
        var buffer = [CChar](repeating: 0, count: 32)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%S", &parts)
        let fraction = String(1000 + milliseconds % 1000).dropFirst()
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) + ".\(fraction)Z"
    }
}

import Glibc
import Synchronization

/// The `Date` line (RFC 9110 5.6.7), made once a second.
final class DateLine: Sendable {
    private let cached = Mutex<(second: Int, bytes: [UInt8])>((0, []))

    /// The line for now, with its CRLF.
    var bytes: [UInt8] {
        let second = time(nil)
        return cached.withLock { cached in
            if cached.second != second { cached = (second, Self.line(second)) }
            return cached.bytes
        }
    }

    /// By hand: strftime would follow the locale.
    static func line(_ second: Int) -> [UInt8] {
        var second = second
        var parts = tm()
        gmtime_r(&second, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let date =
            "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900)"
        return Array("Date: \(date) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT\r\n".utf8)
    }

    private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

/// Formats that are enforced, as regular expressions; others only tell. RFC 3339, RFC 4122, RFC 5321 without quoting,
/// RFC 1123, RFC 2673, RFC 4291, RFC 3986.
///
/// Each has a longest text, or a model could go on with it for ever.
enum StringFormat {
    static let patterns: [String: String] = [
        "date": "^\(date)$", "time": "^\(time)$", "date-time": "^\(date)T\(time)$", "duration": "^\(duration)$",
        "uuid": "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
        "email": "^\(email)$", "hostname": "^\(hostname)$", "ipv4": "^\(ipv4)$", "ipv6": "^\(ipv6)$", "uri": "^\(uri)$",
    ]

    // MARK: Times

    private static let date = {
        // Year 0 is no year for Python's datetime.
        let year = #"(?:\d{3}[1-9]|\d\d[1-9]0|\d[1-9]00|[1-9]000)"#
        let leap = #"(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"#
        let day31 = #"(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])"#
        let day30 = #"(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"#
        return "(?:\(year)-(?:\(day31)|\(day30)|02-(?:0[1-9]|1\\d|2[0-8]))|\(leap)-02-29)"
    }()

    /// Down to a nanosecond.
    private static let time =
        #"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)"#

    /// Of nine digits each, which is what Python's timedelta takes for days.
    private static let duration = {
        let count = #"\d{1,9}"#
        let chain = { (units: [String]) in
            // Each unit may come first, and those behind it follow without a gap.
            let chains = units.indices.map { first in
                units[first...].reversed().reduce("") { "\(count)\($1)" + ($0.isEmpty ? "" : "(?:\($0))?") }
            }
            return "(?:\(chains.joined(separator: "|")))"
        }
        let (days, hours) = (chain(["Y", "M", "D"]), chain(["H", "M", "S"]))
        return "P(?:\(count)W|\(days)(?:T\(hours))?|T\(hours))"
    }()

    // MARK: Addresses

    /// 253 characters (RFC 1035, as text) in labels of 63.
    private static let hostname = dotted(label, total: 253, longest: 63, from: 1)

    /// 64 characters before the sign and 254 in all, so 189 behind it, where a local name is none.
    private static let email =
        dotted({ "[a-zA-Z0-9_+-]{1,\($0)}" }, total: 64, longest: 64, from: 1) + "@"
        + dotted(label, total: 189, longest: 63, from: 2)

    private static func label(_ longest: Int) -> String {
        let inner = longest > 2 ? "[a-zA-Z0-9-]{0,\(longest - 2)}" : ""
        return longest > 1 ? "[a-zA-Z0-9](?:\(inner)[a-zA-Z0-9])?" : "[a-zA-Z0-9]"
    }

    /// Parts with points between, of at most `total` characters. An automaton that counts both the text's characters and
    /// a part's would have some 15,000 states; this one lets two parts be of any length, four of a quarter of the text
    /// and so on to sixteen.
    private static func dotted(_ part: (Int) -> String, total: Int, longest: Int, from least: Int) -> String {
        let choices = [1, 2, 4, 8, 16].filter { $0 >= least }.map { count in
            let part = part(min(longest, (total + 1 - count) / count))
            return "\(part)(?:\\.\(part)){\(least - 1),\(count - 1)}"
        }
        return "(?:\(choices.joined(separator: "|")))"
    }

    private static let ipv4 = {
        let byte = #"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"#
        return "\(byte)(?:\\.\(byte)){3}"
    }()

    private static let ipv6 = {
        let hex = "[0-9a-fA-F]{1,4}"
        let short = (1...6).map { "(?:\(hex):){\($0)}(?::\(hex)){1,\(7 - $0)}" }
        return "(?:(?:\(hex):){7}\(hex)|\(short.joined(separator: "|"))|(?:\(hex):){1,7}:|:(?::\(hex)){1,7}|::)"
    }()

    /// RFC 3986 has no longest one; here the scheme and the rest have.
    private static let uri =
        #"[a-zA-Z][a-zA-Z0-9+.-]{0,30}:[a-zA-Z0-9._~:@!$&'()*+,;=/?#%-]{0,1000}"#
}

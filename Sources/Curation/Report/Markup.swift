import Foundation

/// Text for HTML and SVG.
enum Markup {
    /// What may stand between tags and in quoted attributes. Control characters, which XML does not have, become U+FFFD.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\n", "\t": result.unicodeScalars.append(scalar)
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// At most so many characters, with a mark where some are missing.
    static func shortened(_ text: String, to limit: Int) -> String {
        text.count > limit ? text.prefix(limit - 1) + "…" : text
    }

    /// A whole number in groups of three digits.
    static func grouped(_ number: Int) -> String {
        let digits = String(number.magnitude)
        let groups = stride(from: digits.count, to: 0, by: -3).map { end in
            let start = max(0, end - 3)
            return digits.dropFirst(start).prefix(end - start)
        }
        return (number < 0 ? "−" : "") + groups.reversed().joined(separator: ",")
    }

    /// A number with as few digits as tell it from its neighbours on an axis.
    static func short(_ number: Double) -> String {
        if number == number.rounded(), abs(number) < 1e9 { return grouped(Int(number)) }
        let text = String(format: "%.3f", number)
        return String(text.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed())
    }
}

package import Foundation

/// The time that templates see. The directives of `strftime_now` are a fixed set in English, as in the C locale.
package struct TemplateClock: Sendable {
    private let date: @Sendable () -> DateComponents

    /// Local time of the process.
    package static let system = TemplateClock { Calendar(identifier: .gregorian).dateComponents(units, from: Date()) }

    /// A clock that stands still; needs year, month, day and weekday (1 is Sunday), and the time where it is asked for.
    package init(_ date: @escaping @Sendable () -> DateComponents) {
        self.date = date
    }

    private static let units: Set<Calendar.Component> = [
        .year, .month, .day, .hour, .minute, .second, .weekday, .dayOfYear,
    ]
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    /// nil where the format has a directive outside the set.
    func text(_ format: String) -> String? {
        let now = date()
        var result = ""
        var isDirective = false
        var isUnpadded = false
        for scalar in format.unicodeScalars {
            if !isDirective {
                isDirective = scalar == "%"
                if !isDirective { result.unicodeScalars.append(scalar) }
            } else if scalar == "-", !isUnpadded {
                isUnpadded = true
            } else {
                guard var text = Self.text(of: scalar, now) else { return nil }
                while isUnpadded, text.count > 1, text.hasPrefix("0") { text.removeFirst() }
                result += text
                (isDirective, isUnpadded) = (false, false)
            }
        }
        return isDirective ? nil : result
    }

    private static func text(of directive: Unicode.Scalar, _ now: DateComponents) -> String? {
        let month = months[(max(1, min(12, now.month ?? 1)) - 1)]
        let day = days[(max(1, min(7, now.weekday ?? 1)) - 1)]
        let hour = now.hour ?? 0
        switch directive {
        case "Y": return String(now.year ?? 0)
        case "y": return padded((now.year ?? 0) % 100)
        case "m": return padded(now.month ?? 1)
        case "d": return padded(now.day ?? 1)
        case "e": return String(now.day ?? 1)
        case "B": return month
        case "b", "h": return String(month.prefix(3))
        case "A": return day
        case "a": return String(day.prefix(3))
        case "H": return padded(hour)
        case "I": return padded((hour + 11) % 12 + 1)
        case "M": return padded(now.minute ?? 0)
        case "S": return padded(now.second ?? 0)
        case "p": return hour < 12 ? "AM" : "PM"
        case "j": return padded(now.dayOfYear ?? 1, 3)
        case "F": return "\(now.year ?? 0)-\(padded(now.month ?? 1))-\(padded(now.day ?? 1))"
        case "T": return "\(padded(hour)):\(padded(now.minute ?? 0)):\(padded(now.second ?? 0))"
        case "%": return "%"
        default: return nil
        }
    }

    private static func padded(_ number: Int, _ digits: Int = 2) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

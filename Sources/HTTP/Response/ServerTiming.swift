import HTTPTypes

/// The value of a `Server-Timing` field (W3C): what a response took. Names are literals and all else are numbers, so
/// nothing that came from outside can get into the field.
package struct ServerTiming: Sendable {
    package private(set) var text = ""

    package init() {}

    package mutating func add(_ name: StaticString, _ duration: Duration) {
        append("\(name);dur=\(((duration / .milliseconds(1)) * 1000).rounded() / 1000)")
    }

    package mutating func add(_ name: StaticString, count: Int) { append("\(name);desc=\"\(count)\"") }

    private mutating func append(_ metric: String) { text += text.isEmpty ? metric : ", " + metric }
}

extension Response {
    package mutating func set(_ timing: ServerTiming) {
        if let name = HTTPField.Name("Server-Timing") { fields[name] = timing.text }
    }
}

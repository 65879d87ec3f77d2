import Synchronization

/// What handlers want to have in the request's line of the log. Any task may write; what is there when the response has
/// ended is logged.
package final class RequestNotes: Sendable {
    /// Int, Double and Bool stay what they are in a log of JSON lines.
    package typealias Value = any CustomStringConvertible & Sendable

    private let values = Mutex<[String: Value]>([:])

    package init() {}

    /// Nil leaves the note out.
    package subscript(name: String) -> Value? {
        get { values.withLock { $0[name] } }
        set { values.withLock { $0[name] = newValue } }
    }

    package var all: [String: Value] { values.withLock { $0 } }
}

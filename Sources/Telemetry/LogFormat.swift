/// How log lines look.
package enum LogFormat: String, Sendable, CaseIterable {
    /// Level, message, key=value pairs: for people, and journald adds the time.
    case text
    /// One JSON object a line, with the time.
    case json
}

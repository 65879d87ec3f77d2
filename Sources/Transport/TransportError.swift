/// Why a transport operation failed.
package enum TransportError: Error, Equatable, Sendable {
    /// Nothing moved until the deadline.
    case timedOut
    /// The waiting task was cancelled.
    case cancelled
    /// This end was closed.
    case closed
    /// The peer reset the connection or stopped reading for good.
    case reset
    /// The address text names no local address; the resolver's words.
    case unresolved(host: String, reason: String)
    /// A system call failed.
    case system(call: String, errno: Int32)
}

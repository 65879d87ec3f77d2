import Glibc

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
    /// The peer broke TLS, is not who it must be, or ended without saying so; the reason.
    case tls(String)
    /// A system call failed.
    case system(call: String, errno: Int32)
}

extension TransportError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .timedOut: "timed out"
        case .cancelled: "cancelled"
        case .closed: "the connection is closed"
        case .reset: "the peer reset the connection"
        case .unresolved(let host, let reason): "cannot find the host \(host): \(reason)"
        case .tls(let reason): "TLS failed: \(reason)"
        case .system(let call, let number): "\(call) failed: \(Self.message(number))"
        }
    }

    /// glibc keeps the text per thread since 2.32.
    private static func message(_ number: Int32) -> String {
        strerror(number).map { String(cString: $0) } ?? "error \(number)"
    }
}

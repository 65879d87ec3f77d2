package import Transport

/// Writes the body of a streamed response. Calls from several tasks are safe; the bytes of one call stay together.
package final class BodyWriter: Sendable {
    /// Sends bytes and returns when the system has taken them, so a slow client slows its producer. An empty array sends
    /// nothing. The response's head goes out with the first bytes.
    /// Throws once the client is gone, or the task cancelled.
    package func write(_ bytes: [UInt8]) async throws(TransportError) {}
}

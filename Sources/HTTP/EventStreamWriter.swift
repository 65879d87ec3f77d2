package import Transport

/// Writes server-sent events. Safe to call from several tasks.
///
/// There is no way to send `id:` or `retry:`: after an `id:` line openai-python takes the next comment for an event
/// without data and fails.
package struct EventStreamWriter: Sendable {
    private let body: BodyWriter

    init(_ body: BodyWriter) { self.body = body }

    /// One event. Data with line breaks becomes several `data:` lines, as the format wants.
    package func event(_ data: [UInt8]) async throws(TransportError) {}

    /// A line that clients skip. It also sends the response's head, if nothing did before.
    package func comment(_ text: String = "ping") async throws(TransportError) {}

    /// Runs `produce`, and sends a comment whenever nothing was written for `interval`, so that neither client nor proxies
    /// take a long prefill for a dead connection.
    package func keepingAlive<Result: Sendable>(
        every interval: Duration, _ produce: @escaping @Sendable () async throws -> Result
    ) async throws -> Result { try await produce() }
}

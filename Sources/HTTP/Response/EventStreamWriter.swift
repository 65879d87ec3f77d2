package import Transport

/// Writes server-sent events. Safe to call from several tasks.
///
/// There is no way to send `id:` or `retry:`: after an `id:` line openai-python takes the next comment for an event
/// without data and fails.
package struct EventStreamWriter: Sendable {
    private let body: BodyWriter

    package init(_ body: BodyWriter) { self.body = body }

    /// One event. Data with line breaks becomes several `data:` lines, as the format wants.
    ///
    /// - Parameter type: in a line before the data; nil for none.
    package func event(_ data: [UInt8], type: String? = nil) async throws(TransportError) {
        var message: [UInt8] = []
        message.reserveCapacity(data.count + 8)
        if let type { Self.append(Array(type.utf8), prefix: "event: ", to: &message) }
        Self.append(data, prefix: "data: ", to: &message)
        message.append(ASCII.lineFeed)
        try await body.write(message)
    }

    /// A line that clients skip. It also sends the response's head, if nothing did before.
    package func comment(_ text: String = "ping") async throws(TransportError) {
        var message: [UInt8] = []
        Self.append(Array(text.utf8), prefix: ": ", to: &message)
        message.append(ASCII.lineFeed)
        try await body.write(message)
    }

    /// Runs `produce`, and sends a comment whenever nothing was written for `interval`, so that neither client nor
    /// proxies take a long prefill for a dead connection. A comment that fails ends `produce` by cancelling it.
    package func keepingAlive<Result: Sendable>(
        every interval: Duration, _ produce: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await produce() }
            group.addTask {
                try await commentWhileQuiet(every: interval)
                return nil
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw TransportError.cancelled
        }
    }

    private func commentWhileQuiet(every interval: Duration) async throws {
        while true {
            let before = body.count
            await Alarm.wait(until: .now + interval)
            try Task.checkCancellation()
            if body.count == before { try await comment() }
        }
    }

    /// A CR ends a line too: for openai-python as for browsers.
    private static func append(_ data: [UInt8], prefix: StaticString, to message: inout [UInt8]) {
        let lines = data.split(omittingEmptySubsequences: false) { $0 == ASCII.lineFeed || $0 == ASCII.carriageReturn }
        for line in lines {
            prefix.withUTF8Buffer { message.append(contentsOf: $0) }
            message.append(contentsOf: line)
            message.append(ASCII.lineFeed)
        }
    }
}

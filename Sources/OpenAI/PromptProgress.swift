package import JSON

/// How far a prompt is computed, in llama-server's words.
package struct PromptProgress: Sendable, Equatable {
    package let total: Int
    /// Prompt tokens that did not have to be computed.
    package let cached: Int
    /// Prompt tokens that are there, those included.
    package let processed: Int
    /// Since the first of them was begun.
    package let time: Duration

    package init(total: Int, cached: Int, processed: Int, time: Duration) {
        self.total = total
        self.cached = cached
        self.processed = processed
        self.time = time
    }

    package var json: JSONValue {
        [
            "total": .integer(Int64(total)), "cache": .integer(Int64(cached)),
            "processed": .integer(Int64(processed)), "time_ms": .integer(Int64(time / .milliseconds(1))),
        ]
    }
}

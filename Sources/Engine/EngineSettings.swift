/// How the engine shares its steps. Read once, when the engine is made.
package struct EngineSettings: Sendable {
    /// Samples of requests that may wait for blocks; one request more is refused with `EngineError.queueFull`.
    package var queueLimit: Int
    /// Most prompt tokens in a step while other requests decode; it bounds what a long prompt adds to their
    /// inter-token latency. With nobody decoding a step takes as many as the model has rows.
    package var prefillChunk: Int
    /// Events that may wait for a reader; one that falls further behind has its request cancelled.
    package var undeliveredLimit: Int
    /// Whether requests use what others have computed for the same beginning.
    package var sharesPrefixes: Bool

    package init(
        queueLimit: Int = 256, prefillChunk: Int = 64, undeliveredLimit: Int = 4_096, sharesPrefixes: Bool = true
    ) {
        self.queueLimit = max(1, queueLimit)
        self.prefillChunk = max(1, prefillChunk)
        self.undeliveredLimit = max(1, undeliveredLimit)
        self.sharesPrefixes = sharesPrefixes
    }
}

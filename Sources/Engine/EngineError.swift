/// Why the engine did not take a request. The request has then left no trace.
package enum EngineError: Error, Equatable {
    case emptyPrompt
    /// The context holds prompt and output, so it must be longer than the prompt.
    case promptTooLong(prompt: Int, context: Int)
    /// An id of the prompt or of `logitBias` that the model does not have.
    case tokenOutOfRange(token: Int32, vocabulary: Int)
    /// A bias of a token that there is not.
    case biasOutOfRange(token: Int32, vocabulary: Int)
    case maxTokensNegative(Int)
    /// After `wait` about half of the queue should have started.
    case queueFull(limit: Int, wait: Duration)
    /// As `queueFull`, for the part of the queue that its tenant may fill.
    case tenantQueueFull(limit: Int, wait: Duration)
    /// Prompt and output together need more blocks than the pool has, even alone.
    case exceedsPool(needed: Int, available: Int)
    case draining
    case stopped
}

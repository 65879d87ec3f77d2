/// How far one sample of a request has come.
package struct RequestProgress: Sendable, Equatable {
    package enum Phase: Sendable, Equatable {
        /// Without blocks: the first of the queue has position 1. A preempted one waits again.
        case waiting(position: Int)
        /// Its tokens are computed.
        case prefill
        /// It generates.
        case decode
    }

    package let id: RequestID
    package let phase: Phase
    package let priority: Int
    /// Prompt tokens whose K/V is there.
    package let promptComputed: Int
    package let outputTokens: Int

    package init(id: RequestID, phase: Phase, priority: Int, promptComputed: Int, outputTokens: Int) {
        self.id = id
        self.phase = phase
        self.priority = priority
        self.promptComputed = promptComputed
        self.outputTokens = outputTokens
    }
}

extension RequestProgress {
    init(_ request: ActiveRequest, waitingAt position: Int?) {
        self.init(
            id: request.id,
            phase: position.map { .waiting(position: $0) } ?? (request.pendingCount > 1 ? .prefill : .decode),
            priority: request.order.priority, promptComputed: min(request.computed, request.promptCount),
            outputTokens: request.outputCount)
    }
}

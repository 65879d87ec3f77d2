package import JSON

/// A request that is being answered, as GET /v1/requests lists it.
package struct RequestCard: Sendable {
    package enum Phase: String, Sendable {
        case queued, prefill, decode
        /// Generated, but not all of it is sent yet.
        case ended
    }

    package struct Sample: Sendable {
        package let phase: Phase
        /// Nil once it has ended.
        package let promptComputed: Int?
        package let completionTokens: Int?

        package init(phase: Phase, promptComputed: Int?, completionTokens: Int?) {
            self.phase = phase
            self.promptComputed = promptComputed
            self.completionTokens = completionTokens
        }
    }

    package let head: AnswerHead
    /// The `x-request-id` of the request.
    package let requestID: String
    package let priority: Int
    package let promptTokens: Int
    /// Where its first waiting sample stands in the queue, from 1, and in how many seconds it should start.
    package let queue: (position: Int, expectedSeconds: Double)?
    package let samples: [Sample]

    package init(
        head: AnswerHead, requestID: String, priority: Int, promptTokens: Int,
        queue: (position: Int, expectedSeconds: Double)?, samples: [Sample]
    ) {
        self.head = head
        self.requestID = requestID
        self.priority = priority
        self.promptTokens = promptTokens
        self.queue = queue
        self.samples = samples
    }

    /// That of its sample which is furthest and still at work.
    private var phase: Phase {
        [.decode, .prefill, .queued].first { phase in samples.contains { $0.phase == phase } } ?? .ended
    }

    package var json: JSONValue {
        [
            "id": .string(head.id), "object": "request", "created": .integer(head.created),
            "model": .string(head.model), "request_id": .string(requestID), "priority": .integer(Int64(priority)),
            "phase": .string(phase.rawValue),
            "queue_position": queue.map { .integer(Int64($0.position)) } ?? .null,
            "expected_start_seconds": queue.map { .number($0.expectedSeconds) } ?? .null,
            "prompt_tokens": .integer(Int64(promptTokens)),
            "samples": .array(samples.enumerated().map { $1.json(index: $0) }),
        ]
    }

    package static func list(_ cards: [RequestCard]) -> JSONValue {
        ["object": "list", "data": .array(cards.map(\.json))]
    }

    /// What answers a DELETE.
    package static func deletion(of id: String) -> JSONValue {
        ["id": .string(id), "object": "request", "deleted": true]
    }
}

extension RequestCard.Sample {
    fileprivate func json(index: Int) -> JSONValue {
        [
            "index": .integer(Int64(index)), "phase": .string(phase.rawValue),
            "computed_prompt_tokens": promptComputed.map { .integer(Int64($0)) } ?? .null,
            "completion_tokens": completionTokens.map { .integer(Int64($0)) } ?? .null,
        ]
    }
}

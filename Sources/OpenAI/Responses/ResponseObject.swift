package import JSON

/// A response, at any time of its life.
package struct ResponseObject: Sendable {
    package enum Status: String, Sendable {
        case inProgress = "in_progress"
        case completed, incomplete, failed, cancelled
    }

    /// One thing that the model said.
    package enum Item: Sendable {
        case message(id: String, text: String)
        /// With `isCut` the answer ended before the call did.
        case call(id: String, ToolCall, isCut: Bool)

        package var id: String {
            switch self {
            case .message(let id, _), .call(let id, _, _): id
            }
        }

        /// As it is when it is whole; before that without content.
        package func json(isWhole: Bool) -> JSONValue {
            switch self {
            case .message(let id, let text):
                [
                    "type": "message", "id": .string(id), "role": "assistant",
                    "status": .string(isWhole ? "completed" : "in_progress"),
                    "content": isWhole ? [Self.part(text)] : [],
                ]
            case .call(let id, let call, let isCut):
                call.item(id: id, arguments: isWhole ? call.arguments : "", status: status(isWhole, isCut))
            }
        }

        private func status(_ isWhole: Bool, _ isCut: Bool) -> String {
            isWhole ? isCut ? "incomplete" : "completed" : "in_progress"
        }

        /// The part of a message that has its text.
        package static func part(_ text: String) -> JSONValue {
            ["type": "output_text", "text": .string(text), "annotations": [], "logprobs": []]
        }
    }

    package let id: String
    private let head: AnswerHead
    private let echoed: JSONObject
    package var status = Status.inProgress
    package var output: [Item] = []
    package var error: APIError?
    /// Nil while it is not known.
    package var usage: Usage?
    /// Whether it can be asked for again, or will be when it has ended.
    package var isStored: Bool

    /// - Parameter head: whose id is the response's.
    package init(_ request: ResponseRequest, head: AnswerHead) {
        id = head.id
        self.head = head
        echoed = request.echoed
        isStored = request.isStored
    }

    /// Seconds since 1970.
    package var created: Int64 { head.created }

    package var outputItems: JSONValue { .array(output.map { $0.json(isWhole: true) }) }

    package var json: JSONValue {
        var object: JSONObject = [
            "id": .string(id), "object": "response", "created_at": .integer(head.created),
            "status": .string(status.rawValue),
            "error": error.map { ["code": .string($0.code ?? $0.type), "message": .string($0.message)] } ?? .null,
            "incomplete_details": status == .incomplete ? ["reason": "max_output_tokens"] : .null,
            "model": .string(head.model), "system_fingerprint": .string(head.fingerprint),
            "output": outputItems, "usage": usage.map(Self.json) ?? .null, "store": .bool(isStored),
        ]
        for member in echoed.members { object[member.name] = member.value }
        return .object(object)
    }

    private static func json(_ usage: Usage) -> JSONValue {
        [
            "input_tokens": .integer(Int64(usage.promptTokens)),
            "input_tokens_details": ["cached_tokens": .integer(Int64(usage.cachedTokens)), "cache_write_tokens": 0],
            "output_tokens": .integer(Int64(usage.completionTokens)),
            "output_tokens_details": ["reasoning_tokens": 0],
            "total_tokens": .integer(Int64(usage.promptTokens + usage.completionTokens)),
        ]
    }
}

extension ToolCall {
    /// The call as an item of a response.
    func item(id: String, arguments: String, status: String) -> JSONValue {
        [
            "type": "function_call", "id": .string(id), "call_id": .string(self.id), "name": .string(name),
            "arguments": .string(arguments), "status": .string(status),
        ]
    }
}

package import JSON

/// An answer in Anthropic's words.
package struct MessageObject: Sendable {
    /// One thing that the model said.
    package enum Block: Sendable {
        case text(String)
        case call(ToolCall)

        /// As a stream begins it, without its text or input.
        var start: JSONValue {
            switch self {
            case .text: ["type": "text", "text": ""]
            case .call(let call):
                [
                    "type": "tool_use", "id": .string(call.id), "name": .string(call.name),
                    "input": .object(JSONObject()),
                ]
            }
        }

        var json: JSONValue {
            switch self {
            case .text(let text): return ["type": "text", "text": .string(text)]
            case .call(let call):
                let input = try? JSONValue(parsing: Array(call.arguments.utf8))
                return [
                    "type": "tool_use", "id": .string(call.id), "name": .string(call.name),
                    "input": input ?? .object(JSONObject()),
                ]
            }
        }
    }

    /// Why it ended.
    package struct Ending: Sendable {
        let reason: FinishReason
        let stop: String?

        /// - Parameter stop: the stop sequence that came, if one did.
        package init(_ reason: FinishReason, stop: String?) {
            self.reason = reason
            self.stop = stop
        }

        var members: JSONObject {
            let word: JSONValue =
                switch reason {
                case .stop: stop == nil ? "end_turn" : "stop_sequence"
                case .length: "max_tokens"
                case .toolCalls: "tool_use"
                }
            return ["stop_reason": word, "stop_sequence": stop.map(JSONValue.string) ?? .null]
        }
    }

    private let head: AnswerHead
    private let content: [Block]
    private let ending: Ending?
    private let usage: Usage

    /// - Parameter ending: nil for one that has only begun.
    package init(head: AnswerHead, content: [Block], ending: Ending?, usage: Usage) {
        self.head = head
        self.content = content
        self.ending = ending
        self.usage = usage
    }

    package var json: JSONValue {
        var object: JSONObject = [
            "id": .string(head.id), "type": "message", "role": "assistant", "model": .string(head.model),
            "content": .array(content.map(\.json)),
        ]
        let members = ending?.members ?? ["stop_reason": .null, "stop_sequence": .null]
        for member in members.members { object[member.name] = member.value }
        object["usage"] = Self.json(usage)
        return .object(object)
    }

    /// Input is what was computed for it; what was there already counts apart.
    static func json(_ usage: Usage) -> JSONValue {
        [
            "input_tokens": .integer(Int64(usage.promptTokens - usage.cachedTokens)),
            "cache_creation_input_tokens": 0, "cache_read_input_tokens": .integer(Int64(usage.cachedTokens)),
            "output_tokens": .integer(Int64(usage.completionTokens)),
        ]
    }
}

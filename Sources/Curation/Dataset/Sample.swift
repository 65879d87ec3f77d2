package import JSON

/// One answer of the generator.
package struct Sample: Sendable, Equatable {
    package let text: String
    /// OpenAI's, with ids that number them.
    package let toolCalls: [JSONValue]
    package let finishReason: String
    /// Nil where no log-probabilities were asked for.
    package let meanLogprob: Double?
    package let tokens: Int?

    package init(
        text: String, toolCalls: [JSONValue] = [], finishReason: String = "stop", meanLogprob: Double? = nil,
        tokens: Int? = nil
    ) {
        self.text = text
        self.toolCalls = toolCalls
        self.finishReason = finishReason
        self.meanLogprob = meanLogprob
        self.tokens = tokens
    }

    /// As one message of the conversation.
    package var message: JSONValue {
        guard !toolCalls.isEmpty else { return ["role": "assistant", "content": .string(text)] }
        return ["role": "assistant", "content": .null, "tool_calls": .array(toolCalls)]
    }

    /// What it says, calls of tools included.
    package var content: String {
        toolCalls.isEmpty
            ? text : String(decoding: JSONValue.array(toolCalls.map(Self.function)).serialized, as: UTF8.self)
    }

    private static func function(_ call: JSONValue) -> JSONValue { call.object?["function"] ?? call }

    package var json: JSONValue {
        [
            "text": .string(text), "tool_calls": .array(toolCalls), "finish_reason": .string(finishReason),
            "mean_logprob": meanLogprob.map(JSONValue.number) ?? .null,
            "tokens": tokens.map { .integer(Int64($0)) } ?? .null,
        ]
    }

    /// What `json` wrote; nil for anything else.
    package init?(_ json: JSONValue) {
        guard let object = json.object, let text = object["text"]?.string, let calls = object["tool_calls"]?.array,
            let reason = object["finish_reason"]?.string
        else { return nil }
        self.init(
            text: text, toolCalls: calls, finishReason: reason, meanLogprob: object["mean_logprob"]?.number,
            tokens: object["tokens"]?.integer.flatMap(Int.init(exactly:)))
    }
}

package import JSON

/// What a verifier looks at: a prompt and one answer to it.
package struct Candidate: Sendable {
    /// The prompt's messages in OpenAI's form; empty for a plain prompt.
    package var messages: [JSONValue]
    /// A plain prompt; nil where there are messages.
    package var prompt: String?
    /// The text of the answer.
    package var completion: String
    /// The calls of tools in the answer, in OpenAI's form.
    package var toolCalls: [JSONValue]
    /// The tools that the prompt offered, in OpenAI's form.
    package var tools: [JSONValue]
    /// What the request or the row of data says about the right answer.
    package var reference: JSONValue?

    package init(
        messages: [JSONValue] = [], prompt: String? = nil, completion: String, toolCalls: [JSONValue] = [],
        tools: [JSONValue] = [], reference: JSONValue? = nil
    ) {
        self.messages = messages
        self.prompt = prompt
        self.completion = completion
        self.toolCalls = toolCalls
        self.tools = tools
        self.reference = reference
    }

    /// What a verifier gets to read. `messages` or `prompt`, `completion`, `tool_calls`; `tools` and `reference` where
    /// there are any.
    package var json: JSONValue {
        var object: JSONObject = [:]
        if let prompt { object["prompt"] = .string(prompt) } else { object["messages"] = .array(messages) }
        object["completion"] = .string(completion)
        object["tool_calls"] = .array(toolCalls)
        if !tools.isEmpty { object["tools"] = .array(tools) }
        object["reference"] = reference
        return .object(object)
    }
}

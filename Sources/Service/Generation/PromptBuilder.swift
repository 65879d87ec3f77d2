import JSON
import Language
import OpenAI

/// Makes prompt tokens of what a client said.
struct PromptBuilder {
    let model: ServedModel

    /// Renders the model's chat template. Only the template's own text can become control tokens.
    func prompt(for chat: ChatPrompt) throws -> [Int32] {
        model.tokenizer.encode(try text(for: chat))
    }

    func text(for chat: ChatPrompt) throws -> MarkedText {
        guard let template = model.template else {
            throw APIError.invalid("messages", "This model has no usable chat template; use /v1/completions.")
        }
        if let name = chat.templateArguments.members.map(\.name).first(where: ChatTemplate.reservedNames.contains) {
            throw APIError.invalid(
                "chat_template_kwargs.\(name)", "The template variable '\(name)' is the server's own.")
        }
        let text = try template.render(
            messages: chat.messages.map { $0.templateValue.withParsedToolArguments },
            tools: chat.tools.map(\.json), addGenerationPrompt: chat.addsGenerationPrompt,
            values: chat.templateArguments.members.map { ($0.name, $0.value) })
        return chat.continuesLastMessage ? text.throughLastData : text
    }

    func prompt(_ prompt: ScoreRequest.Prompt) throws -> [Int32] {
        switch prompt {
        case .plain(let prompt): self.prompt(prompt)
        case .chat(let chat): try self.prompt(for: chat)
        }
    }

    func prompt(_ prompt: CompletionRequest.Prompt) -> [Int32] {
        switch prompt {
        case .text(let text): model.tokenizer.encodePrompt(text)
        case .tokens(let tokens): tokens
        }
    }
}

extension ChatMessage {
    /// The message as templates and verifiers expect it: OpenAI's object, with `developer` under its older name.
    var templateValue: JSONValue {
        var object: JSONObject = ["role": .string(role == .developer ? "system" : role.rawValue)]
        if let content { object["content"] = .string(content) }
        if let name { object["name"] = .string(name) }
        if let toolCallID { object["tool_call_id"] = .string(toolCallID) }
        if !toolCalls.isEmpty { object["tool_calls"] = .array(toolCalls.map { $0.json() }) }
        return .object(object)
    }
}

package import JSON

/// What a stored response adds to a conversation: what was asked, and what was said.
package struct ResponseTurn: Sendable {
    package let messages: [ChatMessage]

    /// - Parameters:
    ///   - input: the items that `ResponseRequest.inputItems` had.
    ///   - output: the items that `ResponseObject.outputItems` had.
    package init(input: JSONValue, output: JSONValue) throws(APIError) {
        let asked = try ResponseInput(items: input.array ?? []).messages
        messages = asked + [Self.message(of: try ResponseInput(items: output.array ?? []).messages)]
    }

    /// A text and the calls behind it are one message of the model, as in chats.
    private static func message(of said: [ChatMessage]) -> ChatMessage {
        let texts = said.compactMap(\.content)
        let calls = said.flatMap(\.toolCalls)
        let text = texts.isEmpty && !calls.isEmpty ? nil : texts.joined()
        return ChatMessage(role: .assistant, content: text, toolCalls: calls)
    }
}

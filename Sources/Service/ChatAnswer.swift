import Engine
import HTTP
import JSON
import Language
import OpenAI

/// The answer to one chat request while its tokens come in.
struct ChatAnswer: Sendable {
    let request: ChatCompletionRequest
    let promptTokens: Int
    let head: AnswerHead
    let tokenizer: Tokenizer
    let tokens: TokenStream

    private var textStream: TextStream { TextStream(tokens, tokenizer: tokenizer, stop: request.sampling.stop) }

    func whole() async throws -> ChatCompletion {
        var stream = textStream
        var gate = toolCallGate
        var content = ""
        var reason = OpenAI.FinishReason.stop
        while let delta = try await stream.next() {
            content += gate.push(delta.text)
            reason = delta.finishReason ?? reason
        }
        let ending = gate.finish()
        return ChatCompletion(
            head: head, content: content + ending.text, toolCalls: ending.calls,
            finishReason: ending.calls.isEmpty ? reason : .toolCalls, usage: usage(stream))
    }

    /// Role, text as it comes, tool calls once they are whole, finish, usage, `[DONE]`. A failure on the way becomes an
    /// error event, after which the stream ends without `[DONE]`.
    func write(to writer: EventStreamWriter) async throws {
        try await send(.role, to: writer)
        do {
            let (reason, usage) = try await writeDeltas(to: writer)
            try await send(.finish(reason), to: writer)
            if request.sampling.includesUsage { try await send(.usage(usage), to: writer) }
            try await writer.event(Array("[DONE]".utf8))
        } catch let error as APIError {
            try await writer.event(error.json.serialized)
        }
    }

    private func writeDeltas(to writer: EventStreamWriter) async throws -> (OpenAI.FinishReason, Usage) {
        var stream = textStream
        var gate = toolCallGate
        var reason = OpenAI.FinishReason.stop
        while let delta = try await stream.next() {
            let text = gate.push(delta.text)
            if !text.isEmpty { try await send(.content(text), to: writer) }
            reason = delta.finishReason ?? reason
        }
        let ending = gate.finish()
        if !ending.text.isEmpty { try await send(.content(ending.text), to: writer) }
        for (index, call) in ending.calls.enumerated() { try await send(.toolCall(index: index, call), to: writer) }
        return (ending.calls.isEmpty ? reason : .toolCalls, usage(stream))
    }

    private func send(_ chunk: ChatCompletionChunk, to writer: EventStreamWriter) async throws {
        try await writer.event(chunk.json(head, withUsage: request.sampling.includesUsage).serialized)
    }

    private func usage(_ stream: TextStream) -> Usage {
        Usage(
            promptTokens: promptTokens, completionTokens: stream.completionTokens, cachedTokens: stream.cachedTokens)
    }

    private var toolCallGate: ToolCallGate {
        ToolCallGate(
            tools: request.callableTools.map(\.name), answerID: head.id,
            limit: request.allowsParallelToolCalls ? ToolDefinition.limit : 1)
    }
}

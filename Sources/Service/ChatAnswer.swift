import Engine
import HTTP
import JSON
import Language
import OpenAI

/// The answer to one chat request while its tokens come in.
struct ChatAnswer: Sendable {
    let request: ChatCompletionRequest
    let head: AnswerHead
    let samples: SampleStreams

    func whole() async throws -> ChatCompletion {
        let (choices, usage) = try await samples.read { try await choice($0, &$1) }
        return ChatCompletion(head: head, choices: choices, usage: usage)
    }

    private func choice(_ index: Int, _ stream: inout TextStream) async throws -> ChatCompletion.Choice {
        var gate = toolCallGate(index)
        var content = ""
        var logprobs: [LogprobItem] = []
        var reason = OpenAI.FinishReason.stop
        while let delta = try await stream.next() {
            content += gate.push(delta.text)
            logprobs += delta.logprobs
            reason = delta.finishReason ?? reason
        }
        let ending = gate.finish()
        return ChatCompletion.Choice(
            content: content + ending.text, toolCalls: ending.calls,
            logprobs: request.sampling.topLogprobs == nil ? nil : logprobs,
            finishReason: ending.calls.isEmpty ? reason : .toolCalls)
    }

    /// Of each choice role, text as it comes, tool calls once they are whole, finish; then usage and `[DONE]`. A failure
    /// on the way becomes an error event, after which the stream ends without `[DONE]`.
    func write(to writer: EventStreamWriter) async throws {
        do {
            let (_, usage) = try await samples.read { try await write($0, &$1, to: writer) }
            if request.sampling.includesUsage { try await send(.usage(usage), to: writer) }
            try await writer.event(Array("[DONE]".utf8))
        } catch let error as APIError {
            try await writer.event(error.json.serialized)
        }
    }

    private func write(_ index: Int, _ stream: inout TextStream, to writer: EventStreamWriter) async throws {
        try await send(.role, index, to: writer)
        var gate = toolCallGate(index)
        var logprobs: [LogprobItem] = []
        var reason = OpenAI.FinishReason.stop
        while let delta = try await stream.next() {
            let text = gate.push(delta.text)
            logprobs += delta.logprobs
            if !text.isEmpty { try await send(.content(text), index, &logprobs, to: writer) }
            reason = delta.finishReason ?? reason
        }
        let ending = gate.finish()
        if !ending.text.isEmpty { try await send(.content(ending.text), index, &logprobs, to: writer) }
        for (number, call) in ending.calls.enumerated() {
            try await send(.toolCall(index: number, call), index, &logprobs, to: writer)
        }
        try await send(.finish(ending.calls.isEmpty ? reason : .toolCalls), index, &logprobs, to: writer)
    }

    /// Sends with the event what has gathered of log-probabilities.
    private func send(
        _ chunk: ChatCompletionChunk, _ index: Int, _ logprobs: inout [LogprobItem], to writer: EventStreamWriter
    ) async throws {
        defer { logprobs = [] }
        try await send(chunk, index, logprobs: logprobs.isEmpty ? nil : logprobs, to: writer)
    }

    private func send(
        _ chunk: ChatCompletionChunk, _ index: Int = 0, logprobs: [LogprobItem]? = nil, to writer: EventStreamWriter
    ) async throws {
        let includesUsage = request.sampling.includesUsage
        try await writer.event(
            chunk.json(head, index: index, logprobs: logprobs, withUsage: includesUsage).serialized)
    }

    private func toolCallGate(_ index: Int) -> ToolCallGate {
        ToolCallGate(
            tools: request.callableTools.map(\.name), answerID: index == 0 ? head.id : "\(head.id)-\(index)",
            limit: request.allowsParallelToolCalls ? ToolDefinition.limit : 1)
    }
}

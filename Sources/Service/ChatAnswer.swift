import Engine
import HTTP
import JSON
import Language
import OpenAI

/// The answer to one chat request while its tokens come in.
struct ChatAnswer: Sendable {
    let run: ChatRun
    let samples: SampleStreams

    private var request: ChatCompletionRequest { run.chat }
    private var head: AnswerHead { run.head }

    func whole() async throws -> Response {
        let (choices, summary) = try await samples.read { try await choice($0, &$1) }
        let answer = ChatCompletion(head: head, choices: choices, usage: summary.usage, timings: summary.timings)
        return Response(json: answer.json, summary.serverTiming)
    }

    private func choice(_ index: Int, _ stream: inout TextStream) async throws -> ChatCompletion.Choice {
        var gate = run.toolCallGate(index)
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

    /// Of each choice role, text as it comes, tool calls once they are whole, finish with the choice's timings; then usage
    /// with those of the request. A failure on the way becomes an error event. Behind either comes `[DONE]`.
    func write(to writer: EventStreamWriter) async throws {
        do {
            let (_, summary) = try await samples.read { try await write($0, &$1, to: writer) }
            if request.sampling.includesUsage {
                try await send(.usage(summary.usage), timings: summary.timings, to: writer)
            }
        } catch let error as APIError {
            try await writer.event(error.json.serialized)
        }
        try await writer.done()
    }

    private func write(_ index: Int, _ stream: inout TextStream, to writer: EventStreamWriter) async throws {
        try await send(.role, index, to: writer)
        var gate = run.toolCallGate(index)
        var logprobs: [LogprobItem] = []
        var reason = OpenAI.FinishReason.stop
        while let delta = try await stream.next() {
            if let progress = delta.progress { try await send(.progress(progress), index, to: writer) }
            let text = gate.push(delta.text)
            logprobs += delta.logprobs
            let timings = request.sampling.timesTokens ? stream.timings : nil
            if !text.isEmpty { try await send(.content(text), index, &logprobs, timings: timings, to: writer) }
            reason = delta.finishReason ?? reason
        }
        let ending = gate.finish()
        if !ending.text.isEmpty { try await send(.content(ending.text), index, &logprobs, to: writer) }
        for (number, call) in ending.calls.enumerated() {
            try await send(.toolCall(index: number, call), index, &logprobs, to: writer)
        }
        let finish = ending.calls.isEmpty ? reason : .toolCalls
        try await send(.finish(finish), index, &logprobs, timings: stream.timings, to: writer)
    }

    /// Sends with the event what has gathered of log-probabilities.
    private func send(
        _ chunk: ChatCompletionChunk, _ index: Int, _ logprobs: inout [LogprobItem], timings: Timings? = nil,
        to writer: EventStreamWriter
    ) async throws {
        defer { logprobs = [] }
        try await send(chunk, index, logprobs: logprobs.isEmpty ? nil : logprobs, timings: timings, to: writer)
    }

    private func send(
        _ chunk: ChatCompletionChunk, _ index: Int = 0, logprobs: [LogprobItem]? = nil, timings: Timings? = nil,
        to writer: EventStreamWriter
    ) async throws {
        let includesUsage = request.sampling.includesUsage
        try await writer.event(
            chunk.json(head, index: index, logprobs: logprobs, withUsage: includesUsage, timings: timings)
                .serialized)
    }
}

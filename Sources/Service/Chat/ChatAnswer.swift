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
        var reader = run.speechReader(index)
        var logprobs: [LogprobItem] = []
        while let delta = try await stream.next() {
            _ = reader.push(delta)
            logprobs += delta.logprobs
        }
        return ChatCompletion.Choice(
            content: reader.speech.text, toolCalls: reader.speech.calls,
            logprobs: request.sampling.topLogprobs == nil ? nil : logprobs, finishReason: reader.speech.reason)
    }

    /// Of each choice role, text and the arguments of tool calls as they come, finish with the choice's timings; then usage
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
        var reader = run.speechReader(index)
        var logprobs: [LogprobItem] = []
        while let delta = try await stream.next() {
            if let progress = delta.progress { try await send(.progress(progress), index, to: writer) }
            logprobs += delta.logprobs
            let timings = request.sampling.timesTokens ? stream.timings : nil
            for chunk in reader.push(delta).compactMap(Self.chunk) {
                try await send(chunk, index, &logprobs, timings: timings, to: writer)
            }
        }
        try await send(.finish(reader.speech.reason), index, &logprobs, timings: stream.timings, to: writer)
    }

    /// The end of a call has no chunk.
    private static func chunk(_ piece: Speech.Piece) -> ChatCompletionChunk? {
        switch piece {
        case .text(let text): .content(text)
        case .call(let call, let number): .toolCall(index: number, call)
        case .arguments(let text, let number): .arguments(index: number, text)
        case .end: nil
        }
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

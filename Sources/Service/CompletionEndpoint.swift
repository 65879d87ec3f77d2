import Engine
import HTTP
import JSON
import Language
import OpenAI

/// POST /v1/completions
struct CompletionEndpoint: Sendable {
    let state: ServiceState
    let keepAlive: Duration

    func respond(to request: Request) async throws -> Response {
        let completion = try CompletionRequest(try JSONValue(parsing: request.body))
        let model = try state.readyModel(named: completion.sampling.model)
        let prompt = PromptBuilder(model: model).prompt(for: completion)
        let deadline = try RequestDeadline.of(request.head, streams: completion.sampling.streams)
        let generation = try GenerationRequest(
            prompt: prompt, from: "prompt", fields: completion.sampling, model: model, deadline: deadline,
            constraint: try await model.grammars.constraint(of: completion.sampling))
        let answer = CompletionAnswer(
            sampling: completion.sampling, promptTokens: prompt.count,
            head: model.answerHead("cmpl", requestID: request.id), tokenizer: model.tokenizer,
            tokens: try model.engine.submit(generation))
        guard completion.sampling.streams else { return Response(json: try await answer.whole()) }
        return .events { writer in
            try await writer.keepingAlive(every: keepAlive) { try await answer.write(to: writer) }
        }
    }
}

/// The answer to one plain completion while its tokens come in.
private struct CompletionAnswer: Sendable {
    let sampling: SamplingFields
    let promptTokens: Int
    let head: AnswerHead
    let tokenizer: Tokenizer
    let tokens: TokenStream

    func whole() async throws -> JSONValue {
        var stream = TextStream(tokens, tokenizer: tokenizer, stop: sampling.stop)
        var text = ""
        var reason: OpenAI.FinishReason?
        while let delta = try await stream.next() {
            text += delta.text
            reason = delta.finishReason
        }
        return Completion(head: head, text: text, finishReason: reason).json(usage: .present(usage(stream)))
    }

    func write(to writer: EventStreamWriter) async throws {
        // The head of the answer goes out before the first token, which may be minutes away.
        try await writer.comment()
        var stream = TextStream(tokens, tokenizer: tokenizer, stop: sampling.stop)
        do {
            while let delta = try await stream.next() {
                let event = Completion(head: head, text: delta.text, finishReason: delta.finishReason)
                try await writer.event(event.json(usage: sampling.includesUsage ? .null : .absent).serialized)
            }
            if sampling.includesUsage {
                try await writer.event(Completion.usageEvent(head, usage(stream)).serialized)
            }
            try await writer.event(Array("[DONE]".utf8))
        } catch let error as APIError {
            try await writer.event(error.json.serialized)
        }
    }

    private func usage(_ stream: TextStream) -> Usage {
        Usage(
            promptTokens: promptTokens, completionTokens: stream.completionTokens, cachedTokens: stream.cachedTokens)
    }
}

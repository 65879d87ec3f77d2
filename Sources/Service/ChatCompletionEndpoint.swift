import Engine
import HTTP
import JSON
import Language
import OpenAI

/// POST /v1/chat/completions
struct ChatCompletionEndpoint: Sendable {
    let state: ServiceState
    let keepAlive: Duration

    func respond(to request: Request, from caller: Caller) async throws -> Response {
        let chat = try ChatCompletionRequest(try JSONValue(parsing: request.body))
        let model = try state.readyModel(named: chat.sampling.model)
        try caller.check(model: model.id)
        let prompt = try PromptBuilder(model: model).prompt(for: chat.prompt)
        let deadline = try RequestDeadline.of(request.head, streams: chat.sampling.streams)
        let generation = try GenerationRequest(
            prompt: prompt, from: "messages", fields: chat.sampling, samples: chat.sampling.n, model: model,
            caller: caller, deadline: deadline, constraint: try await model.grammars.constraint(of: chat))
        let head = model.answerHead("chatcmpl", requestID: request.id)
        let answer = ChatAnswer(
            request: chat, head: head,
            samples: try SampleStreams(
                [generation], TextOptions(chat.sampling), model: model, head: head, request: request.head,
                caller: caller,
                maxTokens: chat.sampling.maxTokens,
                registry: state.requests))
        guard chat.sampling.streams else { return try await answer.whole() }
        return .events { writer in
            try await writer.keepingAlive(every: keepAlive) { try await answer.write(to: writer) }
        }
    }
}

extension ServedModel {
    /// - Parameter prefix: OpenAI's mark of the kind of answer: `chatcmpl`, `cmpl`.
    func answerHead(_ prefix: String, requestID: String) -> AnswerHead {
        AnswerHead(id: "\(prefix)-\(requestID)", created: UnixTime.now, model: id, fingerprint: fingerprint)
    }
}

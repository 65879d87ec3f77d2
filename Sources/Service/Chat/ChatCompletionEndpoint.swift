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
        let run = ChatRun(
            chat: chat, model: model, head: model.answerHead("chatcmpl", requestID: request.id), caller: caller)
        let answer = ChatAnswer(
            run: run, samples: try await run.start(request.head, from: "messages", registry: state.requests))
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

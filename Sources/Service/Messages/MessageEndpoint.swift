import Engine
import HTTP
import JSON
import Language
import OpenAI

/// Anthropic's POST /v1/messages and /v1/messages/count_tokens.
struct MessageEndpoint: Sendable {
    let state: ServiceState
    let keepAlive: Duration

    func create(_ request: Request, from caller: Caller) async throws -> Response {
        let chat = try MessageRequest(try JSONValue(parsing: request.body)).chat
        let model = try state.readyModel(named: chat.sampling.model)
        try caller.check(model: model.id)
        let head = AnswerHead(
            id: "msg_" + request.id, created: UnixTime.now, model: model.id, fingerprint: model.fingerprint)
        let run = ChatRun(chat: chat, model: model, head: head, caller: caller)
        let answer = MessageAnswer(
            run: run, samples: try await run.start(request.head, from: "messages", registry: state.requests))
        guard chat.sampling.streams else { return try await answer.whole() }
        return .events { writer in
            try await writer.keepingAlive(every: keepAlive) { try await answer.write(to: writer) }
        }
    }

    func countTokens(_ request: Request, from caller: Caller) throws -> Response {
        let chat = try MessageRequest(try JSONValue(parsing: request.body), isCounted: true).chat
        let model = try state.readyModel(named: chat.sampling.model)
        try caller.check(model: model.id)
        let prompt = try PromptBuilder(model: model).prompt(for: chat.prompt)
        return Response(json: ["input_tokens": .integer(Int64(prompt.count))])
    }
}

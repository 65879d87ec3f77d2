import Engine
import HTTP
import JSON
import Language
import OpenAI

/// POST /v1/moderations, by a Llama Guard 3 model.
struct ModerationEndpoint: Sendable {
    let state: ServiceState

    func respond(to request: Request, from caller: Caller) async throws -> Response {
        let asked = try ModerationRequest(try JSONValue(parsing: request.body))
        let model = try state.readyModel(named: asked.model)
        try caller.check(model: model.id)
        guard model.isGuard else {
            throw APIError.invalid(
                "model",
                """
                Moderations need a Llama Guard 3 model, whose chat template has its categories; '\(model.id)' is \
                none.
                """,
                code: "model_cannot_moderate")
        }
        let builder = PromptBuilder(model: model)
        let constraint = try await model.grammars.constraint(of: asked.sampling)
        let deadline = try RequestDeadline.of(request.head, streams: false)
        let generations = try asked.chats.enumerated().map { index, chat in
            try GenerationRequest(
                prompt: try builder.prompt(for: chat), from: asked.chats.count == 1 ? "input" : "input[\(index)]",
                fields: asked.sampling, samples: 1, model: model, caller: caller, deadline: deadline,
                constraint: constraint)
        }
        let head = model.answerHead("modr", requestID: request.id)
        let streams = try SampleStreams(
            generations, TextOptions(asked.sampling), model: model, head: head, request: request.head,
            caller: caller, maxTokens: asked.sampling.maxTokens, registry: state.requests)
        let (moderations, summary) = try await streams.read { _, stream in
            var (text, logprobs): (String, [LogprobItem]) = ("", [])
            while let delta = try await stream.next() {
                text += delta.text
                logprobs += delta.logprobs
            }
            return Moderation(verdict: text, logprobs: logprobs)
        }
        return Response(json: Moderation.list(head, moderations), summary.serverTiming)
    }
}

extension ServedModel {
    /// Llama Guard says in its template what it judges by.
    fileprivate var isGuard: Bool { template?.source.contains("BEGIN UNSAFE CONTENT CATEGORIES") ?? false }
}

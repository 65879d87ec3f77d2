import Engine
import HTTP
import JSON
import Language
import OpenAI

/// POST /v1/score and /v1/classify: exact log-probabilities of texts behind a prompt, which is computed once for all.
struct ScoreEndpoint: Sendable {
    let state: ServiceState

    func score(_ request: Request, from caller: Caller) async throws -> Response {
        let (scores, summary) = try await scores(request, from: caller, of: "continuations")
        return Response(json: scores.json, summary.serverTiming)
    }

    func classify(_ request: Request, from caller: Caller) async throws -> Response {
        let (scores, summary) = try await scores(request, from: caller, of: "labels")
        return Response(json: scores.classification, summary.serverTiming)
    }

    private func scores(
        _ request: Request, from caller: Caller, of field: String
    ) async throws -> (Scores, AnswerSummary) {
        let asked = try ScoreRequest(try JSONValue(parsing: request.body), textsField: field)
        let model = try state.readyModel(named: asked.model)
        try caller.check(model: model.id)
        let prompt = try PromptBuilder(model: model).prompt(asked.prompt)
        let texts = try asked.texts.enumerated().map { try tokens(of: $1, at: $0, asked, model) }
        let head = model.answerHead("score", requestID: request.id)
        let scoring = TextScoring(
            model: model, head: head, request: request.head, caller: caller, registry: state.requests,
            priority: asked.priority, cacheSalt: asked.cacheSalt)
        let (scores, summary) = try await scoring.scores(
            texts.enumerated().map { TextScoring.Item(prompt: prompt, text: $1, param: "\(field)[\($0)]") },
            top: asked.topLogprobs)
        let scored = zip(asked.texts, zip(texts, scores)).map { text, score in
            Scores.Text(label: label(text, score.0, model), logprobs: logprobs(score.1, model))
        }
        return (Scores(head: head, texts: scored, usage: summary.usage), summary)
    }

    private func tokens(
        of text: CompletionRequest.Prompt, at index: Int, _ asked: ScoreRequest, _ model: ServedModel
    ) throws(APIError) -> [Int32] {
        var tokens: [Int32]
        switch text {
        case .text(let text): tokens = model.tokenizer.encode(text)
        case .tokens(let ids): tokens = ids
        }
        if asked.includesEnd, let end = model.endToken { tokens.append(end) }
        guard !tokens.isEmpty else {
            let name = "\(asked.textsField)[\(index)]"
            throw .invalid(name, "'\(name)' must not be empty.")
        }
        return tokens
    }

    private func label(_ text: CompletionRequest.Prompt, _ tokens: [Int32], _ model: ServedModel) -> String {
        if case .text(let text) = text { text } else { model.tokenizer.decode(tokens) }
    }

    private func logprobs(_ scores: [SampledToken], _ model: ServedModel) -> [LogprobItem] {
        scores.map { LogprobItem($0, offset: 0, model.tokenizer.vocabulary) }
    }
}

import HTTP
import JSON
import OpenAI
import Verifiers

/// POST /v1/best-of: several answers to one prompt, and the best of them.
struct BestOfEndpoint: Sendable {
    let state: ServiceState
    let verifiers: VerifierRoster
    let judges: JudgeRoster

    func respond(to request: Request, from caller: Caller) async throws -> Response {
        let asked = try BestOfRequest(try JSONValue(parsing: request.body))
        let model = try state.readyModel(named: asked.sampling.model)
        try caller.check(model: model.id)
        let head = model.answerHead("bestof", requestID: request.id)
        let source = CandidateSource(
            request: asked, model: model, head: head, http: request.head, caller: caller, registry: state.requests)
        let run = BestOfRun(
            request: asked, source: source, panel: try ScoringPanel(asked, source, verifiers: verifiers, judges: judges)
        )
        return Response(json: try await run.answer().json)
    }
}

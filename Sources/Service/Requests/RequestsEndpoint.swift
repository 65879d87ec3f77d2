import Engine
import HTTP
import JSON
import OpenAI

/// GET /v1/requests and DELETE /v1/requests/{id}: of the caller's own requests, or an admin's of all.
struct RequestsEndpoint: Sendable {
    let state: ServiceState

    func list(_ request: Request, _ caller: Caller) async throws -> Response {
        guard let engine = state.engine else { return Response(json: RequestCard.list([])) }
        let entries = state.requests.entries.filter { caller.mayTouch(requestOf: $0.owner) }
        let progress = Dictionary(await engine.progress().map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        let interval = engine.status.startInterval
        return Response(json: RequestCard.list(entries.map { card($0, progress, interval) }))
    }

    func cancel(_ request: Request, _ caller: Caller) throws -> Response {
        let id = request.parameter ?? ""
        guard state.requests.withdraw(id, for: caller) else {
            throw APIError(
                status: 404, type: "invalid_request_error",
                message: "No request '\(id.prefix(200))' is waiting or running.", param: "id", code: "request_not_found"
            )
        }
        return Response(json: RequestCard.deletion(of: id))
    }

    private func card(
        _ entry: RequestRegistry.Entry, _ progress: [Engine.RequestID: RequestProgress], _ interval: Duration
    ) -> RequestCard {
        let samples = entry.streams.map { progress[$0.id] }
        let position = samples.compactMap { sample -> Int? in
            if case .waiting(let position)? = sample?.phase { position } else { nil }
        }.min()
        return RequestCard(
            head: entry.head, requestID: entry.requestID, priority: entry.priority, promptTokens: entry.promptTokens,
            queue: position.map { ($0, interval * $0 / .seconds(1)) }, samples: samples.map(RequestCard.Sample.init))
    }
}

extension RequestCard.Sample {
    /// The engine knows nothing of one that has ended.
    fileprivate init(_ progress: RequestProgress?) {
        let phase: RequestCard.Phase =
            switch progress?.phase {
            case .waiting: .queued
            case .prefill: .prefill
            case .decode: .decode
            case nil: .ended
            }
        self.init(phase: phase, promptComputed: progress?.promptComputed, completionTokens: progress?.outputTokens)
    }
}

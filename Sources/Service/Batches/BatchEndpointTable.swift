import HTTP
package import Jobs
package import Verifiers

/// The endpoints that a batch may be for. One that is added here is served, checked and listed.
package struct BatchEndpointTable: Sendable {
    typealias Handler = @Sendable (Request, Caller) async throws -> Response

    struct Entry: Sendable {
        let path: String
        /// Whether its answers are drawn: a line without a seed then gets one, so that it has one text.
        let takesSeed: Bool
        let handler: Handler
    }

    let entries: [Entry]
    let state: ServiceState
    let access: AccessControl

    /// - Parameters:
    ///   - access: who knows the keys that batches belong to.
    ///   - verifiers: that lines for best-of may name, beside `judges`.
    package init(state: ServiceState, access: AccessControl, verifiers: VerifierRoster, judges: JudgeRoster) {
        self.state = state
        self.access = access
        // In memory there is nobody to keep alive.
        let keepAlive = Duration.seconds(3600)
        entries = [
            Entry(
                path: "/v1/chat/completions", takesSeed: true,
                handler: ChatCompletionEndpoint(state: state, keepAlive: keepAlive).respond),
            Entry(
                path: "/v1/completions", takesSeed: true,
                handler: CompletionEndpoint(state: state, keepAlive: keepAlive).respond),
            Entry(
                path: "/v1/responses", takesSeed: true,
                handler: ResponseEndpoint(state: state, keepAlive: keepAlive).create),
            Entry(
                path: "/v1/best-of", takesSeed: true,
                handler: BestOfEndpoint(state: state, verifiers: verifiers, judges: judges).respond),
            Entry(path: "/v1/embeddings", takesSeed: false, handler: EmbeddingEndpoint(state: state).respond),
            Entry(path: "/v1/score", takesSeed: false, handler: ScoreEndpoint(state: state).score),
        ]
    }

    var paths: [String] { entries.map(\.path) }

    subscript(path: String) -> Entry? { entries.first { $0.path.utf8.elementsEqual(path.utf8) } }

    /// What answers the lines of a batch, once the model is loaded.
    package func work(for batch: BatchRecord) -> any BatchWork {
        guard batch.isOfCommand || self[batch.endpoint] != nil else { return RetiredWork() }
        return BatchLineWork(batch: batch, table: self)
    }
}

/// Of a batch for an endpoint that this version does not have: its fingerprint is nobody's, so it fails with a reason.
private struct RetiredWork: BatchWork {
    let fingerprint = "retired"

    func check(_ line: [UInt8], number: Int) -> LineCheck {
        LineCheck(
            customID: "",
            problem: BatchProblem(code: "invalid_endpoint", message: "The endpoint is not served.", line: number))
    }

    func answer(_ line: BatchLine, _ bytes: [UInt8]) async throws -> LineAnswer { throw CancellationError() }

    func refusal(of line: BatchLine, _ problem: BatchProblem) -> [UInt8] { LineReading.refusal(of: line, problem) }
}

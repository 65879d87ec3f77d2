import HTTP
import Verifiers

/// The endpoints that a batch may be for. One that is added here is served, checked and listed.
struct BatchEndpointTable: Sendable {
    typealias Handler = @Sendable (Request, Caller) async throws -> Response

    struct Entry: Sendable {
        let path: String
        /// Whether its answers are drawn: a line without a seed then gets one, so that it has one text.
        let takesSeed: Bool
        let handler: Handler
    }

    let entries: [Entry]

    /// In memory there is nobody to keep alive.
    init(state: ServiceState, verifiers: VerifierRoster, judges: JudgeRoster) {
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
}

import Engine
package import HTTP
import HTTPTypes
import JSON
package import Logging
import OpenAI
package import Telemetry
package import Verifiers

/// All routes of the server.
package struct APIService: Sendable {
    private let state: ServiceState
    private let metrics: MetricsRegistry
    private let logger: Logger
    private let access: AccessControl
    private let version: String
    private let verifiers: VerifierRoster
    private let judges: JudgeRoster
    private let hosts: HostPolicy
    private let origins: OriginPolicy
    private let jobs: JobService?
    /// Silence after which a stream gets a comment: prefill on a CPU can take minutes.
    private let keepAlive: Duration

    /// - Parameters:
    ///   - verifiers: that best-of requests may name, beside `judges`.
    ///   - hosts: for which it answers.
    ///   - origins: whose web pages may use it.
    ///   - jobs: files and batches, where there is a folder for them.
    package init(
        state: ServiceState, metrics: MetricsRegistry, logger: Logger, access: AccessControl, version: String,
        verifiers: VerifierRoster = VerifierRoster(), judges: JudgeRoster = JudgeRoster(),
        hosts: HostPolicy = .any, origins: OriginPolicy = OriginPolicy(), jobs: JobService? = nil,
        keepAlive: Duration = .seconds(10)
    ) {
        self.state = state
        self.metrics = metrics
        self.logger = logger
        self.access = access
        self.version = version
        self.verifiers = verifiers
        self.judges = judges
        self.hosts = hosts
        self.origins = origins
        self.jobs = jobs
        self.keepAlive = keepAlive
        metrics.reading("drover_ready", "1 while new work is taken: the model is loaded and the engine runs.") {
            state.isReady ? 1 : 0
        }
    }

    /// Of the body of an upload: the file and its form.
    package static let uploadLimit = UploadForm.fileLimit + 65_536

    /// Every failure that HTTP itself finds is answered in OpenAI's words too.
    package static let errorBody: ErrorBody = { status, reason in Response(APIError(status: status, reason: reason)) }

    /// All routes, behind the guard that asks for keys, and the one that keeps web pages out.
    package var responder: BrowserGuard {
        BrowserGuard(inner: GuardedRouter(router: router, access: access), hosts: hosts, origins: origins)
    }

    package var router: Router {
        var router = Router(base: "v1", errorBody: Self.errorBody)
        let chat = ChatCompletionEndpoint(state: state, keepAlive: keepAlive)
        let completion = CompletionEndpoint(state: state, keepAlive: keepAlive)
        let embeddings = EmbeddingEndpoint(state: state)
        // Clients whose base URL lacks the version find the routes as well.
        for prefix in ["/v1", ""] {
            router.on(.post, prefix + "/chat/completions", admit: Self.admitJSON, metered(chat.respond))
            router.on(.post, prefix + "/completions", admit: Self.admitJSON, metered(completion.respond))
            router.on(.post, prefix + "/embeddings", admit: Self.admitJSON, metered(embeddings.respond))
            router.on(.get, prefix + "/models", answering(models))
            router.on(.get, prefix + "/models/{id}", answering(model))
            router.on(.get, prefix + "/health", answering(ready))
        }
        let responses = ResponseEndpoint(state: state, keepAlive: keepAlive)
        router.on(.post, "/v1/responses", admit: Self.admitJSON, metered(responses.create))
        router.on(.post, "/v1/responses/input_tokens", admit: Self.admitJSON, answering(responses.countTokens))
        router.on(.get, "/v1/responses/{id}", answering(responses.retrieve))
        router.on(.delete, "/v1/responses/{id}", answering(responses.delete))
        router.on(.post, "/v1/responses/{id}/cancel", answering(responses.cancel))
        router.on(.get, "/v1/responses/{id}/input_items", answering(responses.inputItems))
        addJobs(to: &router)
        let messages = MessageEndpoint(state: state, keepAlive: keepAlive)
        router.on(.post, "/v1/messages", admit: Self.admitJSON, metered(messages.create, .anthropic))
        router.on(
            .post, "/v1/messages/count_tokens", admit: Self.admitJSON, answering(messages.countTokens, .anthropic))
        let scores = ScoreEndpoint(state: state)
        router.on(.post, "/v1/score", admit: Self.admitJSON, metered(scores.score))
        router.on(.post, "/v1/classify", admit: Self.admitJSON, metered(scores.classify))
        let bestOf = BestOfEndpoint(state: state, verifiers: verifiers, judges: judges)
        router.on(.post, "/v1/best-of", admit: Self.admitJSON, metered(bestOf.respond))
        let moderations = ModerationEndpoint(state: state)
        router.on(.post, "/v1/moderations", admit: Self.admitJSON, metered(moderations.respond))
        let tokens = TokenizeEndpoint(state: state)
        router.on(.post, "/tokenize", admit: Self.admitJSON, answering(tokens.tokenize))
        router.on(.post, "/detokenize", admit: Self.admitJSON, answering(tokens.detokenize))
        router.on(.post, "/apply-template", admit: Self.admitJSON, answering(tokens.applyTemplate))
        let requests = RequestsEndpoint(state: state)
        router.on(.get, "/v1/requests", answering(requests.list))
        router.on(.delete, "/v1/requests/{id}", answering(requests.cancel))
        router.on(.get, "/health/ready", answering(ready))
        router.on(.get, "/health/live", { _ in Response(json: ["status": "ok"]) })
        let properties = PropertiesEndpoint(state: state, version: version)
        router.on(.get, "/props", answering(properties.properties))
        router.on(.get, "/slots", answering(properties.slots))
        router.on(.get, "/version", answering(properties.version))
        router.on(.get, "/openapi.yaml") { _ in
            Response(status: .ok, contentType: "application/yaml", bytes: APIDocument.bytes)
        }
        router.on(.get, "/docs") { _ in
            Response(status: .ok, contentType: "text/html; charset=utf-8", bytes: Array(DocumentPage.text.utf8))
        }
        router.on(.get, "/metrics", { _ in metricsPage() })
        return router
    }

    private func addJobs(to router: inout Router) {
        let files = FileEndpoint(jobs: jobs)
        router.on(.post, "/v1/files", admit: files.admit, takesUpload: true, answering(files.create))
        router.on(.get, "/v1/files", answering(files.list))
        router.on(.get, "/v1/files/{id}", answering(files.retrieve))
        router.on(.get, "/v1/files/{id}/content", answering(files.content))
        router.on(.delete, "/v1/files/{id}", answering(files.delete))
        let batches = BatchEndpoint(jobs: jobs)
        router.on(.post, "/v1/batches", admit: Self.admitJSON, answering(batches.create))
        router.on(.get, "/v1/batches", answering(batches.list))
        router.on(.get, "/v1/batches/{id}", answering(batches.retrieve))
        router.on(.post, "/v1/batches/{id}/cancel", answering(batches.cancel))
    }

    /// Gives a handler one way out for all its errors.
    private func answering(
        _ handler: @escaping @Sendable (Request, Caller) async throws -> Response, _ shape: ErrorShape = .openAI
    ) -> Router.Handler {
        { request in
            do {
                return try await handler(request, access.sender(of: request.head))
            } catch {
                let answer = APIError(error)
                if answer.status == 500 {
                    logger.error("request failed", metadata: ["id": "\(request.id)", "error": "\(error)"])
                }
                return Response(answer, shape)
            }
        }
    }

    /// As above, for one that does not ask who sends the request.
    private func answering(
        _ handler: @escaping @Sendable (Request) async throws -> Response
    ) -> Router.Handler {
        answering { request, _ in try await handler(request) }
    }

    /// A handler that generates: within the limits of the key, and telling what is left of them.
    private func metered(
        _ handler: @escaping @Sendable (Request, Caller) async throws -> Response, _ shape: ErrorShape = .openAI
    ) -> Router.Handler {
        let limited = { @Sendable (request: Request, caller: Caller) async throws -> Response in
            try caller.checkLimits()
            return try await handler(request, caller)
        }
        let answer = answering(limited, shape)
        return { request in
            var response = await answer(request)
            for header in access.sender(of: request.head).rateHeaders {
                if let name = HTTPField.Name(header.name) { response.fields[name] = header.value }
            }
            return response
        }
    }

    /// Bodies that cannot be JSON are refused before they are read. Without a content type JSON is assumed: curl users
    /// forget it, and its default is a form's.
    private static let admitJSON: Router.Admission = { head in
        guard let type = head.fields[.contentType]?.prefix(while: { $0 != ";" }), type.hasPrefix("multipart/") else {
            return nil
        }
        return Response(
            APIError(status: .unsupportedMediaType, reason: "The body must be application/json, got \(type)."))
    }

    private func models(_ request: Request, _ caller: Caller) throws -> Response {
        Response(json: ModelCard.list(listedModel(for: caller).map { [$0.card] } ?? []))
    }

    private func listedModel(for caller: Caller) -> ServedModel? {
        state.listedModel.flatMap { caller.allows(model: $0.id) ? $0 : nil }
    }

    private func model(_ request: Request, _ caller: Caller) throws -> Response {
        let name = request.parameter ?? ""
        let listed = listedModel(for: caller)
        guard let model = listed, model.id.utf8.elementsEqual(name.utf8) else {
            throw APIError.modelNotFound(name, known: listed.map { [$0.id] } ?? [])
        }
        return Response(json: model.card.json)
    }

    private func ready(_ request: Request) throws -> Response {
        try state.checkReadiness()
        return Response(json: ["status": "ok"])
    }

    private func metricsPage() -> Response {
        var response = Response(
            status: .ok, contentType: "text/plain; version=0.0.4", bytes: Array(metrics.page().utf8))
        // As llama-server's.
        if let name = HTTPField.Name("Process-Start-Time-Unix") { response.fields[name] = "\(Int(metrics.startTime))" }
        return response
    }
}

extension ServedModel {
    fileprivate var card: ModelCard { ModelCard(id: id, created: created, contextLength: engine.contextLength) }
}

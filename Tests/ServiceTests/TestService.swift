import Engine
import Foundation
import HTTP
import HTTPTypes
import JSON
import Jobs
import Language
import Logging
import Model
import Service
import Telemetry
import Transport
import Verifiers

/// The whole service over the small oracle checkpoint, reached through memory: real weights, real text, no sockets.
final class TestService: Sendable {
    let state: ServiceState
    let metrics = MetricsRegistry()
    let model: ServedModel
    private let server: HTTPServer

    static let fixture = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/oracle-a")

    let access: AccessControl
    let router: Router

    /// - Parameters:
    ///   - isReady: false leaves the service loading.
    ///   - keys: those that it asks for; nil for none.
    init(
        settings: EngineSettings = EngineSettings(), contextLength: Int = 256, isReady: Bool = true,
        keys: [ClientKey]? = nil, openRoutes: Set<String> = [], hosts: HostPolicy = .any,
        origins: OriginPolicy = OriginPolicy(), verifiers: [any Verifier] = []
    ) throws {
        let logger = Logger(label: "test")
        let archive = try ResponseArchive(ResponseArchive.Limits(bytes: 1 << 20, lifetime: 3600))
        state = ServiceState(responses: ResponseDesk(archive: archive, logger: logger))
        let checkpoint = try Checkpoint(path: Self.fixture.path)
        // The reference kernels compute in float32, so texts can be compared with transformers'.
        let llama = try LlamaModel(
            checkpoint: checkpoint,
            settings: RuntimeSettings(
                kernels: "reference", threads: 1, cacheBytes: 1 << 24, contextLength: contextLength,
                capacity: BatchCapacity(rows: 64, runs: 64, logitRows: 64)))
        let vocabulary = try Vocabulary(
            tokenizerFile: Self.bytes("tokenizer.json"),
            configuration: TokenizerConfiguration(JSONValue(parsing: Self.bytes("tokenizer_config.json"))))
        let template = try ChatTemplate(
            String(decoding: Self.bytes("chat_template.jinja"), as: UTF8.self),
            special: ChatTemplate.SpecialTexts(begin: "<|begin_of_text|>", end: "<|eot_id|>"))
        let engine = InferenceEngine(model: llama, settings: settings, metrics: metrics, modelName: "oracle")
        engine.start()
        model = ServedModel(
            id: "oracle", created: 1, fingerprint: "fp_1", engine: engine, tokenizer: Tokenizer(vocabulary),
            template: template, defaults: SamplingDefaults(), stopTokens: vocabulary.endIDs)
        access = AccessControl(ring: keys.map { KeyRing($0) }, openRoutes: openRoutes, metrics: metrics)
        let service = APIService(
            state: state, metrics: metrics, logger: logger, access: access, version: "1.2.3",
            verifiers: VerifierRoster(verifiers, limit: 2, metrics: metrics), hosts: hosts, origins: origins)
        router = service.router
        server = HTTPServer(responder: service.responder, errorBody: APIService.errorBody)
        if isReady { state.becomeReady(model) }
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: fixture.appending(path: name)))
    }

    struct Answer {
        var head = HTTPResponse(status: .ok)
        var body: [UInt8] = []

        var json: JSONObject {
            get throws { try JSONValue(parsing: body).object ?? [:] }
        }

        /// `data` of each event but `[DONE]`, and whether that came last.
        var events: (chunks: [JSONObject], isDone: Bool) {
            get throws {
                var parser = EventStreamParser()
                var data = parser.push(body)
                let isDone = data.last.map { $0.elementsEqual("[DONE]".utf8) } ?? false
                if isDone { data.removeLast() }
                return (try data.map { try JSONValue(parsing: $0).object ?? [:] }, isDone)
            }
        }
    }

    func post(_ path: String, _ body: String, fields: HTTPFields = HTTPFields()) async throws -> Answer {
        try await send(.post, path, body, fields)
    }

    func get(_ path: String, fields: HTTPFields = HTTPFields()) async throws -> Answer {
        try await send(.get, path, "", fields)
    }

    func delete(_ path: String, fields: HTTPFields = HTTPFields()) async throws -> Answer {
        try await send(.delete, path, "", fields)
    }

    /// One request on a connection of its own.
    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: String, _ fields: HTTPFields, host: String = "test"
    ) async throws -> Answer {
        try await send(method, path, Array(body.utf8), fields, host: host)
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: [UInt8], _ fields: HTTPFields = HTTPFields(),
        host: String = "test"
    ) async throws -> Answer {
        let (near, far) = MemoryStream.pair()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.server.serve(far) }
            let client = HTTPClient(authority: host) { near }
            let sink = Sink()
            let head = try await client.send(method, path, fields: fields, body: body) { sink.add($0) }
            await client.disconnect()
            return Answer(head: head, body: sink.bytes)
        }
    }

    /// Gathers a body; used by one task at a time.
    private final class Sink: @unchecked Sendable {
        var bytes: [UInt8] = []
        func add(_ more: [UInt8]) { bytes += more }
    }
}

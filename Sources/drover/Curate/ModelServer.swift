import HTTP
import HTTPTypes
import JSON
import Synchronization
import Verifiers

/// A server that stages ask: JSON over HTTP, several requests at a time, those that may work later again.
final class ModelServer: Sendable {
    /// How the recipe calls the model.
    let name: String
    private let url: String
    private let model: String?
    private let key: String?
    private let retries: Int
    /// Connections that nobody uses now; each sends one request at a time.
    private let idle = Mutex<[HTTPClient]>([])

    /// Log-probabilities of 128 long answers are the largest there is.
    private static let answerLimit = 1 << 30
    /// A prompt may wait behind a night's work of others.
    private static let timeout = Duration.seconds(24 * 3_600)

    /// - Parameter url: with or without the trailing `/v1`.
    init(name: String, url: String, model: String?, key: String?, retries: Int) throws(ClientError) {
        self.name = name
        self.url = url.hasSuffix("/v1") ? String(url.dropLast(3)) : url
        self.model = model
        self.key = key
        self.retries = retries
        _ = try HTTPClient(url: self.url)
    }

    /// The answer to a request. Throws `ModelServerError` when the server refuses it, and when it has failed as often as
    /// it may.
    func post(_ path: String, _ body: JSONObject) async throws -> JSONObject {
        var body = body
        if let model { body["model"] = .string(model) }
        var failures = 0
        while true {
            let outcome = await exchange(path, body)
            switch outcome {
            case .answer(let object): return object
            case .refused(let error): throw error
            case .failed(let error):
                try Task.checkCancellation()
                failures += 1
                guard failures <= retries else { throw error }
                try await Backoff.wait(afterFailures: failures)
            }
        }
    }

    private enum Outcome {
        case answer(JSONObject)
        case refused(ModelServerError)
        /// May work later.
        case failed(ModelServerError)
    }

    private func exchange(_ path: String, _ body: JSONObject) async -> Outcome {
        do {
            let client = try idle.withLock { $0.popLast() } ?? HTTPClient(url: url)
            let answer = try await client.post(
                path, .object(body), fields: fields, limit: Self.answerLimit, timeout: Self.timeout)
            idle.withLock { $0.append(client) }
            return outcome(status: answer.status, body: answer.body)
        } catch {
            return .failed(ModelServerError(server: name, problem: "\(error)"))
        }
    }

    private func outcome(status: Int, body: [UInt8]) -> Outcome {
        let limits = JSONLimits(depth: 128, nodes: 100_000_000)
        let object = (try? JSONValue(parsing: body, limits: limits))?.object
        if status == 200, let object { return .answer(object) }
        let message = object?["error"]?.object?["message"]?.string
        let error = ModelServerError(
            server: name,
            problem: "answered \(status): \(message ?? String(decoding: body.prefix(300), as: UTF8.self))")
        let mayWorkLater = [200, 408, 409, 425, 429].contains(status) || status >= 500 && status != 501
        return mayWorkLater ? .failed(error) : .refused(error)
    }

    private var fields: HTTPFields {
        var fields: HTTPFields = [:]
        if let key { fields[.authorization] = "Bearer \(key)" }
        return fields
    }

    func disconnect() async {
        let clients = idle.withLock { clients in
            defer { clients = [] }
            return clients
        }
        for client in clients { await client.disconnect() }
    }
}

struct ModelServerError: Error, CustomStringConvertible {
    let server: String
    let problem: String

    var description: String { "the model '\(server)': \(problem)" }
}

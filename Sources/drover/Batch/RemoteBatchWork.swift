import HTTP
import HTTPTypes
import JSON
import Jobs
import OpenAI
import Service

/// Lines of a batch, answered by a server of any make, whose own clients they stand among.
struct RemoteBatchWork: BatchWork {
    let fingerprint: String
    private let clients: ClientPool
    private let key: String?

    /// Endpoints whose lines get a seed.
    private static let drawing: Set<String> = ["/v1/chat/completions", "/v1/completions"]

    init(url: String, key: String?, fingerprint: String) {
        clients = ClientPool(url: url.hasSuffix("/v1") ? String(url.dropLast(3)) : url)
        self.key = key
        self.fingerprint = fingerprint
    }

    func check(_ line: [UInt8], number: Int) -> LineCheck { LineReading.check(line, number: number, endpoints: nil) }

    func refusal(of line: BatchLine, _ problem: BatchProblem) -> [UInt8] { LineReading.refusal(of: line, problem) }

    func answer(_ line: BatchLine, _ bytes: [UInt8]) async throws -> LineAnswer {
        let value = try JSONValue(parsing: bytes)
        let path = value.object?["url"]?.string ?? ""
        var body = try BatchLineRequest(value, endpoints: nil).body
        if Self.drawing.contains(path), body["seed"]?.isNull ?? true {
            body["seed"] = .integer(LineReading.repeatableSeed(of: line))
        }
        do {
            let client = try await clients.take()
            let (head, body) = try await send(path, JSONValue.object(body).serialized, by: client)
            await clients.giveBack(client)
            return LineReading.answer(
                to: line, status: head.status.code,
                requestID: HTTPField.Name("x-request-id").flatMap { head.headerFields[$0] } ?? "", body: body,
                wait: head.headerFields[.retryAfter].flatMap { Int($0) }, retriesFailures: true)
        } catch let error as ClientError {
            try Task.checkCancellation()
            return .later(after: .seconds(2), reason: "\(error)")
        }
    }

    private func send(_ path: String, _ body: [UInt8], by client: HTTPClient) async throws -> (HTTPResponse, [UInt8]) {
        var fields: HTTPFields = [.contentType: "application/json"]
        if let key { fields[.authorization] = "Bearer \(key)" }
        let answer = ByteCollector()
        let head = try await client.send(.post, path, fields: fields, body: body) { answer.append($0) }
        return (head, answer.bytes)
    }
}

/// Connections that are not in use.
private actor ClientPool {
    private let url: String
    private var idle: [HTTPClient] = []

    init(url: String) { self.url = url }

    func take() throws(ClientError) -> HTTPClient {
        if let client = idle.popLast() { return client }
        return try HTTPClient(url: url)
    }

    func giveBack(_ client: HTTPClient) { idle.append(client) }
}

import HTTP
import HTTPTypes
import JSON
import Jobs
import OpenAI

/// Runs the lines of a batch by the handlers that serve the same requests over HTTP, in the class of batch work.
struct BatchLineWork: BatchWork {
    let batch: BatchRecord
    let table: BatchEndpointTable

    /// Of no model while there is none: no batch begins then.
    var fingerprint: String { table.state.listedModel?.fingerprint ?? "" }

    func check(_ line: [UInt8], number: Int) -> LineCheck {
        LineReading.check(line, number: number, endpoints: endpoints)
    }

    func refusal(of line: BatchLine, _ problem: BatchProblem) -> [UInt8] { LineReading.refusal(of: line, problem) }

    func answer(_ line: BatchLine, _ bytes: [UInt8]) async throws -> LineAnswer {
        guard let caller = table.access.caller(named: batch.owner) else {
            return .later(after: .seconds(30), reason: "The API key of the batch is not known any more.")
        }
        let requestID = LineReading.id(of: line)
        let asked = try BatchLineRequest(try JSONValue(parsing: bytes), endpoints: endpoints)
        // What `check` has let pass is in the table.
        guard let endpoint = table[asked.url] else { throw CancellationError() }
        let response = await respond(try request(line, asked, endpoint, id: requestID), by: endpoint, caller)
        try Task.checkCancellation()
        guard case .bytes(let body) = response.body else { throw CancellationError() }
        return LineReading.answer(
            to: line, status: response.status.code, requestID: requestID, body: body,
            wait: response.fields[.retryAfter].flatMap { Int($0) })
    }

    private var endpoints: [String] { batch.isOfCommand ? table.paths : [batch.endpoint] }

    private func respond(
        _ request: Request, by endpoint: BatchEndpointTable.Entry, _ caller: Caller
    ) async -> Response {
        do {
            return try await endpoint.handler(request, caller.inBatch)
        } catch {
            return Response(APIError(error))
        }
    }

    private func request(
        _ line: BatchLine, _ asked: BatchLineRequest, _ endpoint: BatchEndpointTable.Entry, id: String
    ) throws -> Request {
        var body = asked.body
        if endpoint.takesSeed, body["seed"]?.isNull ?? true { body["seed"] = .integer(seed(of: line)) }
        let target = try RequestTarget(parsing: Array(endpoint.path.utf8)[...], method: .post)
        return Request(
            head: RequestHead(id: id, method: .post, target: target, peer: "batch"),
            body: JSONValue.object(body).serialized)
    }

    /// A second batch of the same file is there for other answers; a command that is given again, for the same.
    private func seed(of line: BatchLine) -> Int64 {
        batch.isOfCommand
            ? LineReading.repeatableSeed(of: line) : LineReading.seed("\(batch.id) \(line.number)")
    }
}

import HTTP
import HTTPTypes
import JSON
import Jobs
import OpenAI

/// Runs the lines of a batch by the handlers that serve the same requests over HTTP, in the class of batch work.
struct BatchLineWork: BatchWork {
    let batch: BatchRecord
    let endpoint: BatchEndpointTable.Entry
    let state: ServiceState
    let access: AccessControl

    /// Of no model while there is none: no batch begins then.
    var fingerprint: String { state.listedModel?.fingerprint ?? "" }

    func check(_ line: [UInt8], number: Int) -> LineCheck {
        LineReading.check(line, number: number, endpoint: batch.endpoint)
    }

    func refusal(of line: BatchLine, _ problem: BatchProblem) -> [UInt8] { LineReading.refusal(of: line, problem) }

    func answer(_ line: BatchLine, _ bytes: [UInt8]) async throws -> LineAnswer {
        guard let caller = access.caller(named: batch.owner) else {
            return .later(after: .seconds(30), reason: "The API key of the batch is not known any more.")
        }
        let requestID = LineReading.id(of: line)
        let response = await respond(try request(line, bytes, id: requestID), caller)
        try Task.checkCancellation()
        guard case .bytes(let body) = response.body else { throw CancellationError() }
        return LineReading.answer(
            to: line, status: response.status.code, requestID: requestID, body: body,
            wait: response.fields[.retryAfter].flatMap { Int($0) })
    }

    private func respond(_ request: Request, _ caller: Caller) async -> Response {
        do {
            return try await endpoint.handler(request, caller.inBatch)
        } catch {
            return Response(APIError(error))
        }
    }

    private func request(_ line: BatchLine, _ bytes: [UInt8], id: String) throws -> Request {
        var body = try BatchLineRequest(try JSONValue(parsing: bytes), endpoint: batch.endpoint).body
        if endpoint.takesSeed, body["seed"]?.isNull ?? true {
            body["seed"] = .integer(LineReading.seed("\(batch.id) \(line.number)"))
        }
        let target = try RequestTarget(parsing: Array(endpoint.path.utf8)[...], method: .post)
        return Request(
            head: RequestHead(id: id, method: .post, target: target, peer: "batch"),
            body: JSONValue.object(body).serialized)
    }
}

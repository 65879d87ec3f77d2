import HTTP
import JSON
import Jobs
import OpenAI

/// POST /v1/batches, and what can be done with a batch.
struct BatchEndpoint: Sendable {
    let jobs: JobService?

    /// Batches of one key that have not ended.
    private static let openLimit = 100
    private static let window: Int64 = 86_400

    func create(_ request: Request, from caller: Caller) async throws -> Response {
        let jobs = try JobService.required(jobs)
        let asked = try BatchRequest(try JSONValue(parsing: request.body), endpoints: jobs.table.paths)
        guard let file = try await jobs.folder.files.file(asked.inputFile, now: UnixTime.now),
            caller.mayTouch(requestOf: file.owner)
        else { throw JobService.notFound("file", asked.inputFile, param: "input_file_id") }
        guard file.purpose == "batch" else {
            throw APIError.invalid("input_file_id", "The file's purpose must be 'batch', it is '\(file.purpose)'.")
        }
        let batch = BatchRecord(
            owner: caller.name, endpoint: asked.endpoint, inputFile: file.id,
            metadata: String(decoding: JSONValue.object(asked.metadata).serialized, as: UTF8.self),
            outputLifetime: asked.outputLifetime, createdAt: UnixTime.now, window: Self.window)
        guard try await jobs.folder.batches.add(batch, limit: Self.openLimit) else {
            throw APIError.overloaded(
                "\(Self.openLimit) batches of this API key have not ended yet.", retryAfterSeconds: 60)
        }
        await jobs.desk.wake()
        return Response(json: await json(batch, jobs))
    }

    func retrieve(_ request: Request, from caller: Caller) async throws -> Response {
        let jobs = try JobService.required(jobs)
        return Response(json: await json(try await batch(request, caller, jobs), jobs))
    }

    func list(_ request: Request, from caller: Caller) async throws -> Response {
        let jobs = try JobService.required(jobs)
        let query = try ListQuery(request.target.query, limit: 20)
        let batches = try await jobs.folder.batches.list(ListPage(query, of: caller))
        var items: [JSONValue] = []
        for batch in batches { items.append(await json(batch, jobs)) }
        return Response(json: ListObject.json(items, limit: query.limit))
    }

    /// A batch that is being cancelled already stays so.
    func cancel(_ request: Request, from caller: Caller) async throws -> Response {
        let jobs = try JobService.required(jobs)
        let batch = try await batch(request, caller, jobs)
        guard let cancelled = try await jobs.desk.cancel(batch.id) else {
            throw APIError.invalid(
                "id", "The batch cannot be cancelled any more: it is \(batch.status.rawValue).",
                code: "batch_not_in_progress")
        }
        return Response(json: await json(cancelled, jobs))
    }

    /// What belongs to another key is as good as not there.
    private func batch(_ request: Request, _ caller: Caller, _ jobs: JobService) async throws -> BatchRecord {
        let id = request.parameter ?? ""
        guard let batch = try await jobs.folder.batches.batch(id), caller.mayTouch(requestOf: batch.owner) else {
            throw JobService.notFound("batch", id, param: "id")
        }
        return batch
    }

    private func json(_ batch: BatchRecord, _ jobs: JobService) async -> JSONValue {
        batch.json(progress: batch.status.isFinal ? nil : await jobs.desk.progress(of: batch.id))
    }
}

extension ListPage {
    init(_ query: ListQuery, of caller: Caller) {
        self.init(
            owner: caller.isAdmin ? nil : caller.name, after: query.after, limit: query.limit,
            isAscending: query.isAscending)
    }
}

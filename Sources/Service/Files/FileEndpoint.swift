import HTTP
import HTTPTypes
import JSON
import Jobs
import OpenAI

/// POST /v1/files, and what can be done with a file.
struct FileEndpoint: Sendable {
    let jobs: JobService?

    /// Refused before its bytes come.
    func admit(_ head: RequestHead) -> Response? {
        do throws(APIError) {
            _ = try JobService.required(jobs)
            return nil
        } catch {
            return Response(error)
        }
    }

    func create(_ request: Request, from caller: Caller) async throws -> Response {
        let jobs = try JobService.required(jobs)
        guard let body = request.upload else {
            throw APIError.invalid("file", "The body must be multipart/form-data with a 'file'.")
        }
        let form = try await UploadForm.read(body, request.fields[.contentType] ?? "", into: jobs.folder.files)
        let now = UnixTime.now
        let file = StoredFile(
            id: form.upload.id, owner: caller.name, name: form.name, purpose: form.purpose, bytes: form.upload.count,
            createdAt: now, expiresAt: form.lifetime.map { now + $0 })
        try await jobs.folder.files.keep(form.upload, as: file)
        return Response(json: file.json)
    }

    func list(_ request: Request, from caller: Caller) async throws -> Response {
        let jobs = try JobService.required(jobs)
        let query = try ListQuery(request.target.query, limit: 10_000, atMost: 10_000, filters: ["purpose"])
        let files = try await jobs.folder.files.list(
            ListPage(query, of: caller), purpose: query.filters["purpose"], now: UnixTime.now)
        return Response(json: ListObject.json(files.map(\.json), limit: query.limit))
    }

    func retrieve(_ request: Request, from caller: Caller) async throws -> Response {
        Response(json: try await file(request, caller).1.json)
    }

    func content(_ request: Request, from caller: Caller) async throws -> Response {
        let (jobs, file) = try await file(request, caller)
        return Response(
            status: .ok, fields: [.contentType: "application/octet-stream"],
            body: .stream { writer in try await jobs.folder.files.read(file.id) { try await writer.write($0) } })
    }

    func delete(_ request: Request, from caller: Caller) async throws -> Response {
        let (jobs, file) = try await file(request, caller)
        guard try await jobs.folder.files.delete(file.id) else {
            throw APIError(
                status: 409, type: "invalid_request_error",
                message: "A batch that has not ended reads the file; cancel it first.", param: "id",
                code: "file_in_use")
        }
        return Response(json: ["id": .string(file.id), "object": "file", "deleted": true])
    }

    /// What belongs to another key is as good as not there.
    private func file(_ request: Request, _ caller: Caller) async throws -> (JobService, StoredFile) {
        let jobs = try JobService.required(jobs)
        let id = request.parameter ?? ""
        guard let file = try await jobs.folder.files.file(id, now: UnixTime.now),
            caller.mayTouch(requestOf: file.owner)
        else { throw JobService.notFound("file", id, param: "id") }
        return (jobs, file)
    }
}

extension StoredFile {
    fileprivate var json: JSONValue {
        FileObject.json(
            id: id, bytes: bytes, createdAt: createdAt, expiresAt: expiresAt, name: name, purpose: purpose)
    }
}

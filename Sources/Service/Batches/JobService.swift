package import Jobs
import OpenAI

/// Files and batches of a server that has a state folder.
package struct JobService: Sendable {
    package let folder: StateFolder
    package let desk: BatchDesk
    let table: BatchEndpointTable

    /// - Parameter table: what its batches may be for.
    package init(folder: StateFolder, table: BatchEndpointTable, limits: BatchLimits) {
        self.folder = folder
        self.table = table
        desk = BatchDesk(folder: folder, limits: limits, now: { UnixTime.now }, work: table.work)
    }

    static func required(_ jobs: JobService?) throws(APIError) -> JobService {
        guard let jobs else {
            throw APIError(
                status: 501, type: "invalid_request_error",
                message: "Files and batches need a folder on this server: start it with --state-dir.",
                code: "no_state_folder")
        }
        return jobs
    }

    static func notFound(_ kind: String, _ id: String, param: String) -> APIError {
        APIError(
            status: 404, type: "invalid_request_error", message: "No such \(kind): '\(id.prefix(200))'.",
            param: param, code: "\(kind)_not_found")
    }
}

package import Jobs
import OpenAI
package import Verifiers

/// Files and batches of a server that has a state folder.
package struct JobService: Sendable {
    package let folder: StateFolder
    package let desk: BatchDesk
    let table: BatchEndpointTable

    /// - Parameters:
    ///   - access: who knows the keys that batches belong to.
    ///   - verifiers: that lines for best-of may name, beside `judges`.
    package init(
        folder: StateFolder, state: ServiceState, access: AccessControl, limits: BatchLimits,
        verifiers: VerifierRoster = VerifierRoster(), judges: JudgeRoster = JudgeRoster()
    ) {
        let table = BatchEndpointTable(state: state, verifiers: verifiers, judges: judges)
        self.folder = folder
        self.table = table
        desk = BatchDesk(folder: folder, limits: limits, now: { UnixTime.now }) { batch in
            guard let endpoint = table[batch.endpoint] else { return RetiredWork() }
            return BatchLineWork(batch: batch, endpoint: endpoint, state: state, access: access)
        }
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

/// Of a batch for an endpoint that this version does not have: its fingerprint is nobody's, so it fails with a reason.
private struct RetiredWork: BatchWork {
    let fingerprint = "retired"

    func check(_ line: [UInt8], number: Int) -> LineCheck {
        LineCheck(
            customID: "",
            problem: BatchProblem(code: "invalid_endpoint", message: "The endpoint is not served.", line: number))
    }

    func answer(_ line: BatchLine, _ bytes: [UInt8]) async throws -> LineAnswer { throw CancellationError() }

    func refusal(of line: BatchLine, _ problem: BatchProblem) -> [UInt8] { LineReading.refusal(of: line, problem) }
}

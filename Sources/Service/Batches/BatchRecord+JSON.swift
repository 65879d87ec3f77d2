import JSON
import Jobs

extension BatchRecord {
    /// OpenAI's batch object.
    ///
    /// - Parameter progress: of one that runs: its rate, how long it will still take, and why it waits, go into
    ///   `metadata`.
    func json(progress: BatchProgress?) -> JSONValue {
        let ended = { (wanted: BatchStatus) in status == wanted ? endedAt : nil }
        var object: JSONObject = [
            "id": .string(id), "object": "batch", "endpoint": .string(endpoint),
            "input_file_id": .string(inputFile), "completion_window": "24h", "status": .string(status.rawValue),
            "output_file_id": hasOutput ? .string(outputFile) : .null,
            "error_file_id": hasErrors ? .string(errorFile) : .null,
            "errors": errors.isEmpty ? .null : ["object": "list", "data": .array(errors.map(\.json))],
            "request_counts": [
                "total": .integer(Int64(total)), "completed": .integer(Int64(completed)),
                "failed": .integer(Int64(failed)),
            ],
            "model": model.map(JSONValue.string) ?? .null, "usage": usage == .none ? .null : usage.json,
            "metadata": metadataJSON(progress),
        ]
        let times: [(String, Int64?)] = [
            ("created_at", createdAt), ("in_progress_at", inProgressAt), ("expires_at", expiresAt),
            ("finalizing_at", finalizingAt), ("completed_at", ended(.completed)), ("failed_at", ended(.failed)),
            ("expired_at", ended(.expired)), ("cancelling_at", cancellingAt), ("cancelled_at", ended(.cancelled)),
        ]
        for (name, time) in times { object[name] = time.map(JSONValue.integer) ?? .null }
        return .object(object)
    }

    private func metadataJSON(_ progress: BatchProgress?) -> JSONValue {
        var members = (try? JSONValue(parsing: Array(metadata.utf8)))?.object ?? JSONObject()
        if let trouble = progress?.trouble { members["drover_waiting"] = .string(String(trouble.prefix(512))) }
        if let rate = progress?.rate() {
            members["drover_lines_per_second"] = .string("\((rate * 100).rounded() / 100)")
            let rest = Double(max(0, total - completed - failed))
            members["drover_eta_seconds"] = .string("\((rest / rate).rounded())")
        }
        return members.isEmpty ? .null : .object(members)
    }
}

extension BatchProblem {
    fileprivate var json: JSONValue {
        [
            "code": .string(code), "message": .string(message),
            "line": line.map { .integer(Int64($0)) } ?? .null, "param": param.map(JSONValue.string) ?? .null,
        ]
    }
}

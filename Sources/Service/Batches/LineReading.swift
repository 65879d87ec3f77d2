import JSON
package import Jobs
import OpenAI

/// What the lines of batch files have in common, wherever they run: their checks, their seeds, how refusals look.
package enum LineReading {
    /// Longest name of a model that a batch shows, in bytes.
    private static let modelLimit = 512

    /// - Parameter endpoints: those that lines may be for; nil takes any.
    package static func check(_ bytes: [UInt8], number: Int, endpoints: [String]?) -> LineCheck {
        var customID = ""
        do {
            let value = try JSONValue(parsing: bytes)
            customID = BatchLineRequest.customID(of: value)
            let line = try BatchLineRequest(value, endpoints: endpoints)
            // Nothing is served under a name of such a length.
            let model = line.body["model"]?.string.flatMap { $0.utf8.count <= modelLimit ? $0 : nil }
            return LineCheck(customID: customID, beginning: beginning(of: line.body), model: model)
        } catch {
            let error = APIError(error)
            let message = error.message.replacing("The request body", with: "The line")
            return LineCheck(
                customID: customID,
                problem: BatchProblem(
                    code: error.code ?? "invalid_line", message: message, line: number, param: error.param))
        }
    }

    /// The same for requests whose prompts begin alike: they run one after the other, and compute that once.
    private static func beginning(of body: JSONObject) -> Int {
        let first =
            body["messages"]?.array?.first ?? body["instructions"] ?? body["prompt"] ?? body["input"] ?? .null
        var hasher = Hasher()
        first.serialized.prefix(512).withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }

    /// For a line without one, the same whenever the line runs, in whatever batch and on whatever server.
    package static func repeatableSeed(of line: BatchLine) -> Int64 {
        // Some servers take 32 bits only.
        seed("\(line.number) \(line.customID)") & 0x7FFF_FFFF
    }

    /// FNV-1a, mixed by SplitMix64's last steps.
    static func seed(_ text: String) -> Int64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash = (hash ^ hash >> 30) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ hash >> 27) &* 0x94D0_49BB_1331_11EB
        return Int64(bitPattern: hash ^ hash >> 31) & Int64.max
    }

    /// OpenAI's id of a line's request; the same whenever it runs.
    package static func id(of line: BatchLine) -> String {
        "batch_req_\(line.batch.replacing("batch_", with: ""))_\(line.number)"
    }

    package static func refusal(of line: BatchLine, _ problem: BatchProblem) -> [UInt8] {
        BatchLineObject.refusal(
            id: id(of: line), customID: line.customID, line: line.number, code: problem.code,
            message: problem.message, param: problem.param
        ).serialized
    }

    /// What an answer makes of a line: a result, or another try.
    ///
    /// - Parameters:
    ///   - wait: seconds that the answer asks to wait.
    ///   - retriesFailures: whether a failure of the server is no result.
    package static func answer(
        to line: BatchLine, status: Int, requestID: String, body: [UInt8], wait: Int?, retriesFailures: Bool = false
    ) -> LineAnswer {
        let value = (try? JSONValue(parsing: body)) ?? .string(String(decoding: body.prefix(1000), as: UTF8.self))
        if status == 429 || status == 503 || retriesFailures && status >= 500 {
            let reason = value.object?["error"]?.object?["message"]?.string ?? "the server answered \(status)"
            return .later(after: .seconds(wait ?? 1), reason: reason)
        }
        let object = BatchLineObject.answer(
            id: id(of: line), customID: line.customID, status: status, requestID: requestID, body: value)
        return .done(
            LineResult(
                line: line.number, file: status == 200 ? .output : .errors, bytes: object.serialized,
                usage: status == 200 ? BatchUsage(ofAnswer: value) : .none))
    }
}

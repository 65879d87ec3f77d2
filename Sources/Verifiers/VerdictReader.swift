import JSON

/// Reads what commands and servers say of a candidate.
enum VerdictReader {
    /// - Parameter passed: nil where the object says it itself.
    static func verdict(passed: Bool?, _ object: JSONObject) -> Verdict {
        guard let passed = passed ?? object["passed"]?.bool else {
            return Verdict(.malformed("'passed' must be true or false"))
        }
        let score = object["score"]
        if let score, !score.isNull, !(score.number.map { (0...1).contains($0) } ?? false) {
            return Verdict(.malformed("'score' must be a number from 0 to 1"))
        }
        let report = object["report"]
        let text = report.map { $0.string ?? String(decoding: $0.serialized, as: UTF8.self) } ?? ""
        return Verdict(passed: passed, score: score?.number, report: text)
    }
}

package import JSON

/// What a verifier says about a candidate.
package struct Verdict: Sendable, Equatable {
    package let passed: Bool
    /// 0 to 1; 1 or 0 where the verifier gives none.
    package let score: Double
    /// Why, in the verifier's words, at most `reportLimit` bytes.
    package let report: String
    /// Why there was no decision; the candidate has not passed then.
    package let failure: VerifierFailure?

    package static let reportLimit = 4096

    package init(passed: Bool, score: Double? = nil, report: String = "") {
        self.passed = passed
        self.score = score ?? (passed ? 1 : 0)
        self.report = Self.bounded(report)
        failure = nil
    }

    package init(_ failure: VerifierFailure, report: String = "") {
        passed = false
        score = 0
        self.report = Self.bounded(report)
        self.failure = failure
    }

    /// `passed`, `score` and `report`; `failure` with the name of what went wrong and `detail` where there is more to it.
    package var json: JSONValue {
        var object: JSONObject = ["passed": .bool(passed), "score": .number(score), "report": .string(report)]
        if let failure {
            object["failure"] = .string(failure.name)
            object["detail"] = .string("\(failure)")
        }
        return .object(object)
    }

    private static func bounded(_ text: String) -> String {
        guard text.utf8.count > reportLimit else { return text }
        // Cut where a character ends.
        return String(decoding: text.utf8.prefix(reportLimit), as: UTF8.self).filter { $0 != "\u{FFFD}" } + "…"
    }
}

import Foundation
import JSON

/// What transformers computed in float32 for an oracle checkpoint.
struct OracleReference {
    struct Case {
        let prompt: [Int32]
        let greedy: [Int32]
        /// For each greedy step the five most likely ids and their log-probabilities.
        let steps: [[(id: Int32, logprob: Double)]]
        /// Of each prompt token given those before it; nil for the first.
        let promptLogprobs: [Double?]
    }

    let cases: [Case]

    init(_ file: URL) throws {
        let bytes = [UInt8](try Data(contentsOf: file))
        let document = try JSONValue(parsing: bytes)
        cases = (document.object?["cases"]?.array ?? []).map { Case($0.object ?? JSONObject()) }
    }
}

extension OracleReference.Case {
    init(_ object: JSONObject) {
        func ids(_ name: String) -> [Int32] {
            (object[name]?.array ?? []).compactMap { $0.integer.flatMap(Int32.init(exactly:)) }
        }
        prompt = ids("prompt_ids")
        greedy = ids("greedy_ids")
        promptLogprobs = (object["prompt_logprobs"]?.array ?? []).map(\.number)
        steps = (object["steps"]?.array ?? []).map { step in
            (step.object?["top"]?.array ?? []).compactMap { entry in
                guard let pair = entry.array, pair.count == 2, let id = pair[0].integer, let value = pair[1].number
                else { return nil }
                return (Int32(truncatingIfNeeded: id), value)
            }
        }
    }
}

/// Where the test data lies.
enum TestData {
    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let fixtures = repository.appending(path: "Tests/Fixtures")
}

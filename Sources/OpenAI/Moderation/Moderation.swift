import Foundation
package import JSON

/// What Llama Guard 3 said of one text.
package struct Moderation: Sendable, Equatable {
    /// `S1` to `S14`; empty for a safe text.
    package let codes: [String]
    /// The model's probability that it is unsafe, from the token that says so.
    package let probability: Double

    /// - Parameters:
    ///   - verdict: `safe`, or `unsafe` and in the next line the codes.
    ///   - logprobs: of its tokens.
    package init(verdict: String, logprobs: [LogprobItem]) {
        let lines = verdict.split(whereSeparator: \.isNewline)
        let isUnsafe = lines.first == "unsafe"
        codes = isUnsafe && lines.count > 1 ? lines[1].split(separator: ",").map(String.init) : []
        let word = logprobs.first { item in item.token.spells("safe") || item.token.spells("unsafe") }
        func weight(_ text: String) -> Double {
            let candidate = word?.top.first { $0.spells(text) }
            return candidate?.logprob.map { exp(Double($0)) } ?? 0
        }
        let (safe, unsafe) = (weight("safe"), weight("unsafe"))
        // Where the vocabulary has no such words there is only the verdict.
        probability = safe + unsafe > 0 ? unsafe / (safe + unsafe) : isUnsafe ? 1 : 0
    }

    /// OpenAI's categories, and the codes that mean them: any of the groups, all codes of it.
    private static let categories: [(name: String, codes: [Set<String>])] = [
        ("harassment", [["S10"]]), ("harassment/threatening", [["S1", "S10"]]), ("hate", [["S10"]]),
        ("hate/threatening", [["S1", "S10"]]), ("illicit", [["S2"], ["S9"], ["S14"]]),
        ("illicit/violent", [["S9"], ["S1", "S2"]]), ("self-harm", [["S11"]]), ("self-harm/instructions", [["S11"]]),
        ("self-harm/intent", [["S11"]]), ("sexual", [["S3"], ["S4"], ["S12"]]), ("sexual/minors", [["S4"]]),
        ("violence", [["S1"]]), ("violence/graphic", [["S1"]]),
    ]

    /// One of the results. A category that the model names has the probability of unsafe for a score, others 0.
    var json: JSONValue {
        let named = Self.categories.map { category in
            (category.name, category.codes.contains { $0.isSubset(of: codes) })
        }
        return [
            "flagged": .bool(!codes.isEmpty),
            "categories": .object(JSONObject(named.map { ($0, .bool($1)) })),
            "category_scores": .object(JSONObject(named.map { ($0, .number($1 ? probability : 0)) })),
            "category_applied_input_types": .object(JSONObject(named.map { ($0.0, ["text"]) })),
            "unsafe_score": .number(probability), "llama_guard_categories": .array(codes.map(JSONValue.string)),
        ]
    }

    package static func list(_ head: AnswerHead, _ moderations: [Moderation]) -> JSONValue {
        ["id": .string(head.id), "model": .string(head.model), "results": .array(moderations.map(\.json))]
    }
}

extension LogprobItem.Candidate {
    fileprivate func spells(_ text: String) -> Bool { bytes.elementsEqual(text.utf8) }
}

import JSON

/// Self-consistency: an answer is worth the share of candidates that give it.
struct MajorityVote {
    private let answers: [String?]

    /// - Parameter answers: nil where there is none.
    init(_ answers: [String?]) { self.answers = answers }

    /// One for each answer, with the answer as it was counted and its votes.
    var scores: [(value: Double, details: JSONObject)] {
        let votes = Dictionary(grouping: answers.compactMap { $0.map { Array($0.utf8) } }) { $0 }.mapValues(\.count)
        return answers.map { answer in
            let count = answer.flatMap { votes[Array($0.utf8)] } ?? 0
            return (
                Double(count) / Double(answers.count),
                ["answer": answer.map(JSONValue.string) ?? .null, "votes": .integer(Int64(count))]
            )
        }
    }
}

/// Which of the answers that passed everything become records.
package struct SelectSettings: Sendable {
    package enum Score: String, Sendable, CaseIterable {
        /// The mean over all judges, each from 0 to 1.
        case judge
        /// The mean over all verifiers.
        case verifier
        /// The mean log-probability of a token.
        case logprob
        /// All are alike; the first answers come first.
        case none
    }

    package struct Difficulty: Sendable {
        /// A judge's name, or `pass-rate`: the share of a prompt's answers that verifiers accept.
        package let source: String
        /// Parts of the set, by level.
        package let shares: [DifficultyLevel: Double]
    }

    package struct FieldCap: Sendable {
        package let field: String
        package let most: Int
    }

    package struct Phrases: Sendable {
        package let texts: [String]
        package let maxShare: Double
    }

    package let score: Score
    /// Most answers of a prompt.
    package let best: Int
    package let difficulty: Difficulty?
    package let total: Int?
    package let fieldCap: FieldCap?
    package let phrases: Phrases?
}

package enum DifficultyLevel: String, Sendable, CaseIterable {
    case easy, medium, hard

    /// - Parameter ease: from 0, as hard as can be, to 1.
    package init(ease: Double) { self = ease >= 2.0 / 3 ? .easy : ease >= 1.0 / 3 ? .medium : .hard }
}

extension SelectSettings {
    /// - Parameters:
    ///   - judges: the names of the recipe's judges.
    ///   - verifies: whether the recipe has verifiers.
    init(_ reader: inout RecipeReader, judges: [String], verifies: Bool) throws(RecipeError) {
        let standard: Score = judges.isEmpty ? (verifies ? .verifier : .none) : .judge
        score = try reader.choice("score", of: Score.self) ?? standard
        if score == .judge, judges.isEmpty { throw reader.error("score", "cannot be judge: the recipe has no judge") }
        if score == .verifier, !verifies { throw reader.error("score", "cannot be verifier: the recipe has none") }
        best = try reader.integer("best", in: 1...GenerateSettings.samplesLimit) ?? 1
        difficulty = try Self.difficulty(&reader, sources: judges + (verifies ? ["pass-rate"] : []))
        total = try reader.integer("total", in: 1...1_000_000_000)
        var fieldCap: FieldCap?
        if var section = try reader.section("field-cap") {
            guard let field = try section.string("field"), let most = try section.integer("most", in: 1...1_000_000_000)
            else { throw section.error("needs 'field' and 'most'") }
            try section.finish()
            fieldCap = FieldCap(field: field, most: most)
        }
        self.fieldCap = fieldCap
        var phrases: Phrases?
        if var section = try reader.section("phrases") {
            phrases = Phrases(
                texts: try section.strings("texts") ?? PhraseRule.overused,
                maxShare: try section.number("max-share", in: 0...0.99) ?? 0.05)
            try section.finish()
        }
        self.phrases = phrases
        try reader.finish()
    }

    private static func difficulty(
        _ reader: inout RecipeReader, sources: [String]
    ) throws(RecipeError) -> Difficulty? {
        guard var section = try reader.section("difficulty") else { return nil }
        guard let source = try section.string("by"), sources.contains(source) else {
            let allowed =
                sources.isEmpty ? "needs a judge or a verifier" : "must be \(sources.joined(separator: " or "))"
            throw section.error("by", allowed)
        }
        var shares: [DifficultyLevel: Double] = [:]
        if var parts = try section.section("shares") {
            for level in DifficultyLevel.allCases {
                shares[level] = try parts.number(level.rawValue, in: 0...1_000_000)
            }
            try parts.finish()
        }
        let sum = shares.values.reduce(0, +)
        guard sum > 0 else { throw section.error("shares", "must have a positive number for easy, medium or hard") }
        try section.finish()
        return Difficulty(source: source, shares: shares.mapValues { $0 / sum })
    }
}

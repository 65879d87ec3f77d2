/// Answers that are too short or too long, or that were cut off.
struct LengthRule: Rule {
    let minWords: Int
    let maxWords: Int
    let minCharacters: Int
    let maxCharacters: Int
    /// The answer must have ended by itself.
    let finished: Bool

    var name: String { "length" }

    func objection(to answer: AnswerText) -> String? {
        if finished, !answer.isFinished { return "cut off at max-tokens" }
        let (words, characters) = (answer.words.count, answer.text.count)
        if words < minWords { return "\(words) words, at least \(minWords)" }
        if words > maxWords { return "\(words) words, at most \(maxWords)" }
        if characters < minCharacters { return "\(characters) characters, at least \(minCharacters)" }
        if characters > maxCharacters { return "\(characters) characters, at most \(maxCharacters)" }
        return nil
    }
}

extension LengthRule {
    init(_ reader: inout RecipeReader) throws(RecipeError) {
        let range = 0...1_000_000_000
        minWords = try reader.integer("min-words", in: range) ?? 0
        maxWords = try reader.integer("max-words", in: range) ?? .max
        minCharacters = try reader.integer("min-characters", in: range) ?? 1
        maxCharacters = try reader.integer("max-characters", in: range) ?? .max
        finished = try reader.flag("finished") ?? true
        guard minWords <= maxWords else { throw reader.error("min-words", "is more than max-words") }
        guard minCharacters <= maxCharacters else {
            throw reader.error("min-characters", "is more than max-characters")
        }
        try reader.finish()
    }
}

/// Emoji and exclamation marks beyond what people write (the Llama 3 paper, section 4.2.3).
struct ToneRule: Rule {
    let maxEmoji: Int
    /// Of the sentences.
    let maxExclamations: Double

    var name: String { "tone" }

    func objection(to answer: AnswerText) -> String? {
        let emoji = answer.text.count(where: Self.isEmoji)
        if emoji > maxEmoji { return "\(emoji) emoji, at most \(maxEmoji)" }
        let ends = answer.text.count { ".!?。！？".contains($0) }
        let shouts = answer.text.count { "!！".contains($0) }
        guard ends > 0, Double(shouts) / Double(ends) > maxExclamations, shouts > 1 else { return nil }
        return "\(shouts) of \(ends) sentences shout, at most \(Percent.text(maxExclamations))"
    }

    /// Digits and `#` may be drawn as emoji and are not; characters with a picture of their own are.
    private static func isEmoji(_ character: Character) -> Bool {
        guard let first = character.unicodeScalars.first else { return false }
        if first.properties.isEmojiPresentation { return true }
        return first.properties.isEmoji && character.unicodeScalars.contains("\u{FE0F}")
    }
}

extension ToneRule {
    init(_ reader: inout RecipeReader) throws(RecipeError) {
        maxEmoji = try reader.integer("max-emoji", in: 0...1_000_000) ?? 0
        maxExclamations = try reader.number("max-exclamations", in: 0...1) ?? 0.5
        try reader.finish()
    }
}

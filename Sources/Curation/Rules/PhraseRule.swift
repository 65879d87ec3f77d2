/// Phrases that models overuse. How often an answer may have one; `select.phrases` balances them over the set.
struct PhraseRule: Rule {
    let texts: [String]
    let maxEach: Int

    var name: String { "phrases" }

    /// What chat models are known for.
    package static let overused = [
        "delve", "tapestry", "it's important to note", "it is important to note", "in conclusion", "i hope this helps",
        "great question", "certainly!", "in today's fast-paced world", "a testament to", "i apologize", "i'm sorry",
    ]

    func objection(to answer: AnswerText) -> String? {
        let text = answer.text.lowercased().replacing("’", with: "'")
        for phrase in texts {
            let count = text.ranges(of: phrase.lowercased()).count
            if count > maxEach { return "'\(phrase)' \(count) times, at most \(maxEach)" }
        }
        return nil
    }
}

extension PhraseRule {
    init(_ reader: inout RecipeReader) throws(RecipeError) {
        texts = try reader.strings("texts") ?? Self.overused
        maxEach = try reader.integer("max-each", in: 0...1_000_000) ?? 0
        try reader.finish()
    }
}

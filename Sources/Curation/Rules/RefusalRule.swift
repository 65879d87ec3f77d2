/// Answers that refuse: in their first sentence they say that they cannot or will not.
struct RefusalRule: Rule {
    /// More ways to begin a refusal, beside the usual ones.
    let phrases: [String]

    var name: String { "refusals" }

    /// How far into an answer a refusal begins.
    private static let reach = 160

    private static let usual = [
        "i'm sorry, but", "i am sorry, but", "sorry, but i", "i apologize, but", "i cannot", "i can't", "i can not",
        "i'm unable to", "i am unable to", "i'm not able to", "i am not able to", "i won't be able to",
        "as an ai", "as a language model", "as a large language model", "i must decline", "i have to decline",
        "it is not appropriate", "it's not appropriate", "i'm just an ai", "i'm not comfortable",
    ]

    func objection(to answer: AnswerText) -> String? {
        let start = answer.text.prefix(Self.reach).lowercased().replacing("’", with: "'")
        let found = (Self.usual + phrases.map { $0.lowercased() }).first { start.contains($0) }
        return found.map { "begins with '\($0)'" }
    }
}

extension RefusalRule {
    init(_ reader: inout RecipeReader) throws(RecipeError) {
        phrases = try reader.strings("phrases") ?? []
        try reader.finish()
    }
}

/// A test of an answer's text that needs no model.
package protocol Rule: Sendable {
    /// As the recipe calls it.
    var name: String { get }

    /// Why the answer goes; nil when it may stay.
    func objection(to answer: AnswerText) -> String?
}

/// An answer, with what several rules look at.
package struct AnswerText: Sendable {
    package let text: String
    /// Lower-case words, without punctuation.
    package let words: [String]
    /// Whether the model ended by itself.
    package let isFinished: Bool

    package init(_ text: String, isFinished: Bool = true) {
        self.text = text
        self.isFinished = isFinished
        // Apostrophes belong to words: "don't" is a stop word of its own.
        words = text.lowercased().replacing("’", with: "'").split { !($0.isLetter || $0.isNumber || $0 == "'") }
            .map(String.init)
    }
}

/// All rules of a recipe, in the order in which they are asked.
package struct RuleBook: Sendable {
    package let rules: [any Rule]

    package struct Objection: Sendable, Equatable {
        package let rule: String
        package let reason: String
    }

    package init(_ rules: [any Rule] = []) { self.rules = rules }

    /// What each rule says that has something to say.
    package func objections(to answer: AnswerText) -> [Objection] {
        rules.compactMap { rule in
            rule.objection(to: answer).map { Objection(rule: rule.name, reason: $0) }
        }
    }
}

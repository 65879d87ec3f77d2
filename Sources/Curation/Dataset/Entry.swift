/// An answer on its way through the stages.
package struct Entry: Sendable {
    /// The position of its prompt.
    package let prompt: Int
    /// Which of the prompt's answers it is, from 0.
    package let number: Int
    package let sample: Sample
    /// What verifiers and judges gave it, by their names.
    package var scores: [String: Double] = [:]
    package var fate = Fate.kept
    /// Its text without the lines that too many answers have; nil where none was taken away.
    package var thinned: String?

    package enum Fate: Sendable, Equatable {
        case kept
        /// - by: the rule, verifier or judge.
        case dropped(Stage, by: String, reason: String)

        package var stage: Stage? {
            if case .dropped(let stage, _, _) = self { stage } else { nil }
        }
    }

    package init(prompt: Int, number: Int, sample: Sample) {
        self.prompt = prompt
        self.number = number
        self.sample = sample
    }

    package var text: String { thinned ?? sample.content }
}

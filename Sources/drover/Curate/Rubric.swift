import Curation
import Foundation
import JSON

/// A question about an answer, and the labels that a judge may give it.
struct Rubric: Sendable {
    let template: String
    let labels: [JudgeSettings.Label]

    static let presets = ["quality", "code", "difficulty"]

    init(_ settings: JudgeSettings.Rubric) throws {
        switch settings {
        case .preset: (template, labels) = ("", [])
        case .own(let question, let labels): (template, self.labels) = (question, labels)
        }
    }

    /// What the best label is worth.
    var best: Double { labels.map(\.value).max() ?? 1 }

    func question(prompt: Prompt, answer: String) -> String { template }

    var json: JSONValue { [] }
}

/// What a judge said: labels with their probabilities.
struct Rating: Sendable {
    let label: JudgeSettings.Label
    /// The mean of what the labels are worth.
    let score: Double

    init(logprobs: [Double], labels: [JudgeSettings.Label]) {
        label = labels[0]
        score = 0
    }
}

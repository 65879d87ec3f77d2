import Foundation

/// What a judge says about an answer: how probable each label of its rubric is.
package struct JudgeRating: Sendable, Equatable {
    /// The likeliest label, by its place in the rubric.
    package let label: Int
    /// The mean of what the labels are worth, from 0 for the worst to 1 for the best: not only the likeliest counts.
    package let value: Double
    /// Of all labels, which together have 1.
    package let probabilities: [Double]

    /// - Parameter logprobs: of each label, natural logs.
    package init(_ logprobs: [Double], _ rubric: JudgeRubric) {
        let best = logprobs.indices.max { logprobs[$0] < logprobs[$1] } ?? 0
        let weights = logprobs.map { exp($0 - logprobs[best]) }
        let sum = weights.reduce(0, +)
        label = best
        probabilities = weights.map { $0 / sum }
        value = probabilities.enumerated().reduce(0) { $0 + $1.element * rubric.value(of: $1.offset) }
    }
}

/// Which tokens a request has seen, for its penalties. Empty, and stays so, where none is set.
package struct TokenHistory: Sendable {
    /// Occurrences in the output.
    package private(set) var outputCounts: [Int32: Int] = [:]
    /// Ids of the prompt, kept only for the repetition penalty.
    package private(set) var promptTokens: Set<Int32> = []
    private let isNeeded: Bool

    package init(prompt: [Int32], for parameters: SamplingParameters) {
        isNeeded = !parameters.isMemoryless
        if parameters.repetitionPenalty != 1 { promptTokens = Set(prompt) }
    }

    package mutating func append(_ token: Int32) {
        if isNeeded { outputCounts[token, default: 0] += 1 }
    }
}

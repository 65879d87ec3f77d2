import GRDB

/// The tokens of answered lines.
package struct BatchUsage: Sendable, Equatable {
    package let input: Int
    /// Of the input, those whose keys and values were there already.
    package let cached: Int
    package let output: Int
    /// Of the output, those that the model thought with.
    package let reasoning: Int

    package static let none = BatchUsage(input: 0, cached: 0, output: 0, reasoning: 0)

    package init(input: Int, cached: Int, output: Int, reasoning: Int) {
        (self.input, self.cached, self.output, self.reasoning) = (input, cached, output, reasoning)
    }

    static func + (left: BatchUsage, right: BatchUsage) -> BatchUsage {
        BatchUsage(
            input: left.input + right.input, cached: left.cached + right.cached, output: left.output + right.output,
            reasoning: left.reasoning + right.reasoning)
    }

    static prefix func - (usage: BatchUsage) -> BatchUsage {
        BatchUsage(input: -usage.input, cached: -usage.cached, output: -usage.output, reasoning: -usage.reasoning)
    }
}

// MARK: In the database

extension BatchUsage {
    /// Of a line and, summed over its answered lines, of a batch; in the order of `values`.
    static let columns = ["inputTokens", "cachedTokens", "outputTokens", "reasoningTokens"]

    var values: [Int] { [input, cached, output, reasoning] }

    /// From columns that follow each other in that order. A sum over no row is NULL.
    init(_ row: Row, from index: Int) {
        let values = (0..<4).map { (row[index + $0] as Int?) ?? 0 }
        self.init(input: values[0], cached: values[1], output: values[2], reasoning: values[3])
    }
}

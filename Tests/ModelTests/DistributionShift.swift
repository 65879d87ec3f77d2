import Foundation
import Model

/// How far the next-token distributions of one way to compute lie from those of another, over the same tokens.
struct DistributionShift {
    /// Kullback-Leibler divergence from the reference for each token, in nats.
    private(set) var divergences: [Double] = []
    private var surprise = 0.0
    private var referenceSurprise = 0.0
    private var predictions = 0

    var mean: Double { divergences.reduce(0, +) / Double(max(1, divergences.count)) }
    var worst: Double { divergences.max() ?? 0 }
    /// The 99.9th percentile.
    var tail: Double { divergences.sorted()[Int(0.999 * Double(divergences.count - 1))] }
    var perplexity: Double { exp(surprise / Double(max(1, predictions))) }
    var referencePerplexity: Double { exp(referenceSurprise / Double(max(1, predictions))) }

    /// As a share of the reference's.
    var perplexityChange: Double { abs(perplexity / referencePerplexity - 1) }

    /// Log-probabilities after each token of a sequence, as the two compute them; `positions` of them count.
    mutating func add(_ rows: [[Double]], reference: [[Double]], of tokens: [Int32], after positions: [Int]) {
        for position in positions {
            let row = rows[position], expected = reference[position]
            divergences.append(zip(expected, row).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) })
            guard position + 1 < tokens.count else { continue }
            surprise -= row[Int(tokens[position + 1])]
            referenceSurprise -= expected[Int(tokens[position + 1])]
            predictions += 1
        }
    }
}

extension DistributionShift: CustomStringConvertible {
    var description: String {
        String(
            format: "mean KL %.2e, 99.9 %% %.2e, worst %.2e, perplexity %.4f, reference %.4f, %d tokens", mean, tail,
            worst, perplexity, referencePerplexity, divergences.count)
    }
}

extension LlamaModel {
    /// Log-probabilities of every token of the vocabulary after each of the tokens.
    func distributions(after tokens: [Int32]) -> [[Double]] {
        var rows: [[Double]] = []
        var conversation = Conversation(positions: tokens.count)
        read(tokens, chunk: capacity.rows, conversation: &conversation) { _, logits in
            let values = logits.array.map(Double.init)
            let top = values.max() ?? 0
            let sum = top + log(values.reduce(0) { $0 + exp($1 - top) })
            rows.append(values.map { $0 - sum })
        }
        return rows
    }
}

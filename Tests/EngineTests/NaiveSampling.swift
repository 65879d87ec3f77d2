import Engine
import Foundation

/// Sampling as the definitions read: whole vocabulary, double, one sort.
enum NaiveSampling {
    /// Probabilities after temperature.
    static func probabilities(_ logits: [Float], temperature: Float) -> [Double] {
        let maximum = Double(logits.max() ?? 0)
        let weights = logits.map { exp((Double($0) - maximum) * Double(1 / temperature)) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }

    /// Ids that top-k, top-p and min-p all keep, each against the whole distribution.
    static func kept(_ logits: [Float], _ parameters: SamplingParameters) -> Set<Int> {
        let probabilities = probabilities(logits, temperature: parameters.temperature)
        let order = logits.indices.sorted { (-logits[$0], $0) < (-logits[$1], $1) }
        var kept: Set<Int> = []
        var mass = 0.0
        for (rank, id) in order.enumerated() {
            let isTop = parameters.topK <= 0 || rank < parameters.topK
            let isMass = parameters.topP >= 1 || mass < Double(parameters.topP) * (1 - 1e-6) || rank == 0
            let isLikely = probabilities[id] >= Double(parameters.minP) * probabilities[order[0]]
            guard isTop, isMass, isLikely else { break }
            kept.insert(id)
            mass += probabilities[id]
        }
        return kept
    }

    /// What each id should be drawn with.
    static func distribution(_ logits: [Float], _ parameters: SamplingParameters) -> [Double] {
        let probabilities = probabilities(logits, temperature: parameters.temperature)
        let kept = kept(logits, parameters)
        let sum = kept.reduce(0) { $0 + probabilities[$1] }
        return logits.indices.map { kept.contains($0) ? probabilities[$0] / sum : 0 }
    }
}

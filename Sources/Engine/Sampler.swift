import Foundation
package import Model

/// Draws tokens from rows of logits. Keeps scratch memory, no state: what it draws depends on the row and the
/// arguments alone.
///
/// In this order: logit biases, repetition penalty, frequency and presence penalty, temperature; then top-k, top-p
/// and min-p, each against the same distribution over the whole vocabulary (the exact denominator), so that the kept
/// set is their intersection and no order among the three matters.
package struct Sampler {
    /// Temperatures below this mean argmax, as 0 does: 1/temperature would leave the range where float
    /// differences of logits mean anything.
    private static let lowestTemperature: Float = 1e-5
    /// Ids summed at a time when the whole vocabulary is in the draw.
    private static let stride = 1024

    private var window: CandidateWindow
    /// What `adjust` overwrote, in order.
    private var edits: [(id: Int, logit: Float)] = []
    /// (ceil(vocabulary / stride)) weights of consecutive ids.
    private var strideWeights: [Double] = []

    package init(vocabularySize: Int) { window = CandidateWindow(vocabularySize: vocabularySize) }

    /// Draws output token `output` of a request. The row is changed during the call and restored.
    ///
    /// - Parameter topLogprobs: how many alternatives to report; nil reports no log-probabilities. They are the
    ///   model's own, before biases, penalties and temperature.
    package mutating func sample(
        _ row: LogitsRow, _ parameters: SamplingParameters, history: TokenHistory, output: Int, topLogprobs: Int?
    ) -> RowOutcome {
        let best = row.argmax()
        guard best.value.isFinite else { return .notANumber }
        adjust(row, parameters, history)
        let drawn = draw(row, edits.isEmpty ? best : row.argmax(), parameters, output)
        restore(row)
        guard let drawn else { return .notANumber }
        guard let topLogprobs else { return .token(SampledToken(id: Int32(drawn))) }
        return .token(report(drawn, row, maximum: best.value, count: topLogprobs))
    }

    // MARK: Biases and penalties: they touch only the ids they name

    private mutating func adjust(_ row: LogitsRow, _ parameters: SamplingParameters, _ history: TokenHistory) {
        for bias in parameters.logitBias { edit(row, bias.token) { $0 + bias.bias } }
        let penalty = parameters.repetitionPenalty
        if penalty != 1 {
            let penalize = { (logit: Float) in logit > 0 ? logit / penalty : logit * penalty }
            for token in history.promptTokens where history.outputCounts[token] == nil {
                edit(row, token, penalize)
            }
            for token in history.outputCounts.keys { edit(row, token, penalize) }
        }
        let (frequency, presence) = (parameters.frequencyPenalty, parameters.presencePenalty)
        guard frequency != 0 || presence != 0 else { return }
        for (token, count) in history.outputCounts {
            edit(row, token) { $0 - Float(count) * frequency - presence }
        }
    }

    private mutating func edit(_ row: LogitsRow, _ token: Int32, _ change: (Float) -> Float) {
        let id = Int(token)
        guard (0..<row.count).contains(id) else { return }
        edits.append((id, row.values[id]))
        row.values[id] = change(row.values[id])
    }

    /// Backwards, as an id may have been edited twice.
    private mutating func restore(_ row: LogitsRow) {
        for edit in edits.reversed() { row.values[edit.id] = edit.logit }
        edits.removeAll(keepingCapacity: true)
    }

    // MARK: The draw

    /// Nil when the adjusted logits are not numbers.
    private mutating func draw(
        _ row: LogitsRow, _ best: (index: Int, value: Float), _ parameters: SamplingParameters, _ output: Int
    ) -> Int? {
        guard best.value.isFinite else { return nil }
        guard parameters.temperature >= Self.lowestTemperature else { return best.index }
        let scale = max(1 / parameters.temperature, .leastNormalMagnitude)
        let uniform = CounterRandom(seed: parameters.seed).uniform(at: output)
        guard window.narrow(row, maximum: best.value, scale: scale, parameters) else {
            return drawFromAll(row, maximum: best.value, scale: scale, uniform) ?? best.index
        }
        var left = uniform * window.weight
        for candidate in window.candidates {
            left -= candidate.weight
            if left < 0 { return Int(candidate.id) }
        }
        return best.index
    }

    /// Nothing is cut off: walks the ids in order, whole strides at a time, to where the weights pass
    /// `uniform` of their sum. Nil if rounding left nothing to land on.
    private mutating func drawFromAll(_ row: LogitsRow, maximum: Float, scale: Float, _ uniform: Double) -> Int? {
        let starts = Swift.stride(from: 0, to: row.count, by: Self.stride)
        strideWeights.removeAll(keepingCapacity: true)
        for start in starts {
            let count = min(Self.stride, row.count - start)
            let part = LogitsRow(values: row.values + start, count: count)
            strideWeights.append(part.weight(maximum: maximum, scale: scale))
        }
        var left = uniform * strideWeights.reduce(0, +)
        var last: Int?
        for (start, weight) in zip(starts, strideWeights) {
            guard left < weight else {
                left -= weight
                continue
            }
            for id in start..<min(start + Self.stride, row.count) {
                let weight = exp(Double(scale) * (Double(row.values[id]) - Double(maximum)))
                if weight > 0 { last = id }
                left -= weight
                if left < 0 { return last }
            }
            return last
        }
        return last
    }

    // MARK: Log-probabilities

    private mutating func report(_ id: Int, _ row: LogitsRow, maximum: Float, count: Int) -> SampledToken {
        let denominator = Double(maximum) + row.logSumExp(scale: 1, maximum: maximum)
        let logprob = { (logit: Float) in Float(Double(logit) - denominator) }
        let wanted = min(count, row.count)
        var top: [TokenLogprob] = []
        if wanted > 0 {
            window.take(wanted, of: row, maximum: maximum)
            top = window.candidates.map { TokenLogprob(id: $0.id, logprob: logprob($0.logit)) }
        }
        return SampledToken(id: Int32(id), logprob: logprob(row.values[id]), top: top)
    }
}

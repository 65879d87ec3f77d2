import Foundation
import Model

/// Draws tokens from rows of logits, for one thread. Keeps scratch memory, no state: what it draws depends on the row
/// and the arguments alone.
///
/// In this order: logit biases, repetition penalty, frequency and presence penalty, temperature; then top-k, top-p
/// and min-p, each against the same distribution over the whole vocabulary (the exact denominator), so that the kept
/// set is their intersection and no order among the three matters.
package final class Sampler {
    /// Temperatures below this mean argmax, as 0 does: 1/temperature would leave the range where float
    /// differences of logits mean anything.
    private static let lowestTemperature: Float = 1e-5

    /// Rounds of the random numbers of a draw that its constraint did not allow come before this one.
    private static let constrainedRound = 1 << 20

    private let scratch: LogitsScratch
    /// Holds what a constraint allows; made when first needed.
    private lazy var allowedScratch = LogitsScratch(vocabularySize: vocabularySize)
    private let vocabularySize: Int
    /// What `adjust` overwrote, in order.
    private var edits: [(id: Int, logit: Float)] = []

    package init(vocabularySize: Int) {
        scratch = LogitsScratch(vocabularySize: vocabularySize)
        self.vocabularySize = vocabularySize
    }

    /// Draws the next token. The row is changed during the call and restored. Log-probabilities are the model's own,
    /// before biases, penalties and temperature.
    package func sample(_ asked: RowDraw) -> RowOutcome {
        let row = asked.row
        let best = row.argmax()
        guard best.value.isFinite else { return .notANumber }
        if let given = asked.given {
            return .token(report(SampledToken(id: given), row, maximum: best.value, count: asked.topLogprobs ?? 0))
        }
        adjust(row, asked.parameters, asked.history)
        let outcome = choose(edits.isEmpty ? best : row.argmax(), asked)
        restore(row)
        guard case .token(let token) = outcome, let count = asked.topLogprobs else { return outcome }
        return .token(report(token, row, maximum: best.value, count: count))
    }

    /// `best` is the row's largest logit.
    private func choose(_ best: (index: Int, value: Float), _ asked: RowDraw) -> RowOutcome {
        guard best.value.isFinite else { return .notANumber }
        guard let id = draw(best, asked) else {
            return .noToken(isComplete: asked.constraint?.isComplete ?? false)
        }
        let token = Int32(truncatingIfNeeded: id)
        return switch asked.constraint?.fit(token, room: asked.room) {
        case nil, .fits: .token(SampledToken(id: token))
        case .closing(let token): .token(SampledToken(id: token, isClosing: true))
        case .ended: .noRoom
        }
    }

    // MARK: Biases and penalties: they touch only the ids they name

    private func adjust(_ row: LogitsRow, _ parameters: SamplingParameters, _ history: TokenHistory) {
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

    private func edit(_ row: LogitsRow, _ token: Int32, _ change: (Float) -> Float) {
        let id = Int(token)
        guard (0..<row.count).contains(id) else { return }
        edits.append((id, row.values[id]))
        row.values[id] = change(row.values[id])
    }

    /// Backwards, as an id may have been edited twice.
    private func restore(_ row: LogitsRow) {
        for edit in edits.reversed() { row.values[edit.id] = edit.logit }
        edits.removeAll(keepingCapacity: true)
    }

    // MARK: The draw

    /// Nil when the constraint allows no token. `best` is the row's largest logit, which is a number.
    private func draw(_ best: (index: Int, value: Float), _ asked: RowDraw) -> Int? {
        guard let constraint = asked.constraint else { return draw(asked.row, best, asked) }
        // What the model wants is mostly allowed. Where it is not, a second draw among what is allowed has the same
        // distribution as if that had been the first. Not so with top-k, top-p or min-p: what they keep depends on what
        // is allowed.
        if asked.parameters.isUntruncated {
            let id = draw(asked.row, best, asked)
            if constraint.allows(Int32(truncatingIfNeeded: id)) { return id }
        }
        let allowed = asked.row.selecting(constraint.allowedTokens(), allowedScratch)
        guard allowed.count > 0 else { return nil }
        let bestAllowed = allowed.argmax()
        // Nothing to weigh where biases have taken all that is allowed out of reach.
        guard bestAllowed.value.isFinite else { return allowed.id(at: bestAllowed.index) }
        return draw(allowed, bestAllowed, asked, firstRound: Self.constrainedRound)
    }

    private func draw(
        _ row: LogitsRow, _ best: (index: Int, value: Float), _ asked: RowDraw, firstRound: Int = 0
    ) -> Int {
        guard asked.parameters.temperature >= Self.lowestTemperature else { return row.id(at: best.index) }
        let scale = max(1 / asked.parameters.temperature, .leastNormalMagnitude)
        let random = CounterRandom(seed: asked.parameters.seed)
        var urn = Urn(row, maximum: best.value, scale: scale, asked.parameters, scratch)
        return urn.draw { random.uniform(at: asked.output, round: firstRound + $0) } ?? row.id(at: best.index)
    }

    // MARK: Log-probabilities

    private func report(_ token: SampledToken, _ row: LogitsRow, maximum: Float, count: Int) -> SampledToken {
        let denominator = Double(maximum) + log(row.weigh(scale: 1, maximum: maximum, scratch))
        let logprob = { (logit: Float) in Float(Double(logit) - denominator) }
        let top = row.largest(min(count, row.count), scratch)
            .map { TokenLogprob(id: Int32($0.id), logprob: logprob($0.logit)) }
        return SampledToken(
            id: token.id, logprob: logprob(row.values[Int(token.id)]), top: top, isClosing: token.isClosing)
    }
}

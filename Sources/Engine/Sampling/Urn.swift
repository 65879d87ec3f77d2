import Foundation
package import Model

/// Draws a token of a row within top-k, top-p and min-p. Nothing is sorted, and what the three keep is never listed.
///
/// Each keeps a leading part of the vocabulary, most likely first, measured on the distribution over all of it. So a
/// token of the whole row is drawn, and stays if fewer than k are ahead of it, they weigh less than p of all, and it
/// is likely enough. If not, nothing behind it stays either, and the next draw is among those ahead of it. What is
/// drawn in the end has the distribution of the part that is kept; with a top-p of 0.95 the first draw stays 19 times
/// in 20.
package struct Urn {
    /// Weight ahead that is smaller than what top-p asks for by less than this fraction still reaches it: weights come
    /// from float kernels, and 0.5 of four equal tokens must be two of them.
    private static let weightSlack = 1e-6

    private let scratch: LogitsScratch
    private let maximum: Float
    private let scale: Float
    /// Tokens are kept that have fewer ahead of them than this,
    private let count: Int
    /// that weigh less than this,
    private let limit: Double
    /// and that weigh at least this themselves.
    private let floor: Double
    /// Who is in the draw, by id.
    private var tokens: LogitsRow
    private var weight: Double

    /// `maximum` is the row's largest logit, `scale` one over the temperature.
    package init(
        _ row: LogitsRow, maximum: Float, scale: Float, _ parameters: SamplingParameters, _ scratch: LogitsScratch
    ) {
        self.scratch = scratch
        self.maximum = maximum
        self.scale = scale
        tokens = row
        weight = row.weigh(scale: scale, maximum: maximum, scratch)
        count = (1..<row.count).contains(parameters.topK) ? parameters.topK : .max
        limit = parameters.topP < 1 ? weight * Double(parameters.topP) * (1 - Self.weightSlack) : .infinity
        floor = Double(max(0, min(parameters.minP, 1)))
    }

    /// The id that is drawn by numbers of 0 ..< 1, one a round. Nil if rounding left nothing to land on.
    package mutating func draw(_ uniform: (_ round: Int) -> Double) -> Int? {
        var round = 0
        while let place = tokens.pick(at: uniform(round) * weight, scale: scale, maximum: maximum, scratch) {
            let id = tokens.id(at: place)
            if keeps(place) { return id }
            round += 1
        }
        return nil
    }

    /// Whether the token at a place, its id in the first round, is kept. If not, only those ahead of it stay in the
    /// urn; if so, the urn is used up.
    package mutating func keeps(_ place: Int) -> Bool {
        let isLikely = exp(Double(scale) * (Double(tokens.values[place]) - Double(maximum))) >= floor
        if isLikely, isSurelyLeading(place) { return true }
        let ahead = isLikely ? tokens.leading(before: place, scratch) : likelyTokens(before: place)
        let weightAhead = ahead.weigh(scale: scale, maximum: maximum, scratch)
        // The most likely token is always kept.
        if ahead.count == 0 || (isLikely && ahead.count < count && weightAhead < limit) { return true }
        (tokens, weight) = (ahead, weightAhead)
        return false
    }

    /// Finds most tokens that are kept at a fraction of the cost: as soon as enough weight is seen that isn't ahead.
    private func isSurelyLeading(_ place: Int) -> Bool {
        guard count == .max else { return false }
        guard limit < .infinity else { return true }
        // Sure, that is by more than rounding: whether a token is kept must not depend on the way it is found out.
        let enough = weight - limit + weight * Self.weightSlack
        guard enough < weight / 2 else { return false }
        return tokens.weighsMore(than: enough, from: place, scale: scale, maximum: maximum)
    }

    /// Of those ahead of a place the ones that reach the floor, and by a hair those that do not: the rounding of the
    /// threshold must exclude nothing that is kept.
    private func likelyTokens(before place: Int) -> LogitsRow {
        let threshold = Float(Double(maximum) + (log(floor) - 1e-3) / Double(scale))
        guard threshold > tokens.values[place] else { return tokens.leading(before: place, scratch) }
        return tokens.leading(atLeast: threshold, scratch)
    }
}

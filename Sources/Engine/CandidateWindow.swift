import Foundation
package import Model

/// The most likely tokens of a row, found by threshold and cut to size by selection; the vocabulary is never sorted.
///
/// One is made for a vocabulary and used for row after row; it keeps its memory.
package struct CandidateWindow {
    /// Weight that is smaller than what top-p asks for by less than this fraction still reaches it: the denominator
    /// comes from float kernels, and 0.5 of four equal tokens must be two of them.
    private static let weightSlack = 1e-6

    /// What the last call kept.
    package private(set) var candidates: [Candidate] = []
    /// (vocabulary) scratch.
    private var ids: [Int32]

    package init(vocabularySize: Int) { ids = Array(repeating: 0, count: vocabularySize) }

    /// Puts the tokens that top-k, top-p and min-p keep into the window; false when they keep all.
    ///
    /// Each of the three keeps a leading part of the vocabulary, most likely first, so together they keep the
    /// shortest. `maximum` is the row's largest logit, `scale` one over the temperature.
    package mutating func narrow(
        _ row: LogitsRow, maximum: Float, scale: Float, _ parameters: SamplingParameters
    ) -> Bool {
        let count = (1..<row.count).contains(parameters.topK) ? parameters.topK : row.count
        let floor = Double(max(0, min(parameters.minP, 1)))
        guard count < row.count || floor > 0 || parameters.topP < 1 else { return false }
        var weight = Double.infinity
        if parameters.topP < 1 {
            let all = row.weight(maximum: maximum, scale: scale)
            weight = all * Double(parameters.topP) * (1 - Self.weightSlack)
        }
        // A hair deeper than the floor, so that the rounding of the threshold excludes nothing that the floor keeps.
        let deepest = floor > 0 ? 1e-3 - log(floor) : .infinity
        widen(row, maximum: maximum, scale: scale, deepest: deepest) {
            $0.candidates.count >= count || $0.weight >= weight
        }
        candidates.removeAll { $0.weight < floor }
        truncate(count: count, weight: weight)
        return true
    }

    /// Puts the `count` most likely tokens into the window, most likely first.
    mutating func take(_ count: Int, of row: LogitsRow, maximum: Float) {
        widen(row, maximum: maximum, scale: 1, deepest: .infinity) { $0.candidates.count >= count }
        truncate(count: count, weight: .infinity)
        candidates.sort { $0.precedes($1) }
    }

    /// Weight of all candidates.
    var weight: Double { candidates.reduce(0) { $0 + $1.weight } }

    /// Collects deeper and deeper until there is enough, or all down to `deepest`, or the whole row.
    private mutating func widen(
        _ row: LogitsRow, maximum: Float, scale: Float, deepest: Double, until isEnough: (Self) -> Bool
    ) {
        var depth = min(8, deepest)
        collect(row, maximum: maximum, scale: scale, depth: depth)
        while depth < deepest, candidates.count < row.count, !isEnough(self) {
            depth = min(depth * 4, deepest)
            collect(row, maximum: maximum, scale: scale, depth: depth)
        }
    }

    /// Takes all tokens whose weight is at least exp(-depth), but for rounding: whatever is left out is less likely
    /// than all that is taken.
    private mutating func collect(_ row: LogitsRow, maximum: Float, scale: Float, depth: Double) {
        let threshold = Float(Double(maximum) - depth / Double(scale))
        let found = ids.withUnsafeMutableBufferPointer { row.candidates(atLeast: threshold, into: $0) }
        candidates.removeAll(keepingCapacity: true)
        for id in ids.prefix(found) {
            let logit = row.values[Int(id)]
            let weight = exp(Double(scale) * (Double(logit) - Double(maximum)))
            candidates.append(Candidate(id: id, logit: logit, weight: weight))
        }
    }

    /// Keeps the shortest leading part, most likely first, that has `count` tokens or weighs `weight`; all if none
    /// does, and always one. Quickselect: linear in the number of candidates.
    private mutating func truncate(count: Int, weight: Double) {
        let end = candidates.withUnsafeMutableBufferPointer { candidates in
            // [0, lower) is kept, [upper, end) is not; the cut is inside.
            var (lower, upper) = (0, candidates.count)
            var (countLeft, weightLeft) = (count, weight)
            while upper - lower > 1 {
                let middle = Self.partition(candidates, lower..<upper)
                let leading = candidates[lower..<middle].reduce(0) { $0 + $1.weight }
                if middle - lower >= countLeft || leading >= weightLeft {
                    upper = middle
                } else {
                    countLeft -= middle - lower
                    weightLeft -= leading
                    lower = middle
                }
            }
            return upper
        }
        candidates.removeLast(candidates.count - end)
    }

    /// Reorders the range so that all before the result precede all from it on; neither part is empty.
    private static func partition(_ candidates: UnsafeMutableBufferPointer<Candidate>, _ range: Range<Int>) -> Int {
        let (first, last) = (range.lowerBound, range.upperBound - 1)
        let middle = first + (last - first) / 2
        // Median of three: rows often come sorted by id, and equal logits are ordered by id.
        if candidates[middle].precedes(candidates[first]) { candidates.swapAt(middle, first) }
        if candidates[last].precedes(candidates[first]) { candidates.swapAt(last, first) }
        if candidates[middle].precedes(candidates[last]) { candidates.swapAt(middle, last) }
        let pivot = candidates[last]
        var store = first
        for index in first..<last where candidates[index].precedes(pivot) {
            candidates.swapAt(index, store)
            store += 1
        }
        candidates.swapAt(store, last)
        return store == last ? last : store + 1
    }
}

import Synchronization

/// Observations counted by upper bound, with their sum. Any thread may observe.
package final class Histogram: Metric {
    var type: String { "histogram" }

    private struct State {
        /// Observations at most each bound but above the one before; the last entry is for those above all.
        var counts: [Int]
        var sum: Double = 0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    package func observe(_ value: Double) {
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock {
            $0.counts[bucket] += 1
            $0.sum += value
        }
    }

    package func observe(_ duration: Duration) { observe(duration / .seconds(1)) }

    func write(name: String, labels: Labels, to page: inout String) {
        let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
        var cumulative = 0
        for (bound, count) in zip(bounds.map { "\($0)" } + ["+Inf"], counts) {
            cumulative += count
            page += "\(name)_bucket\(labels.adding("le", bound).text) \(cumulative)\n"
        }
        page += "\(name)_sum\(labels.text) \(sum)\n\(name)_count\(labels.text) \(cumulative)\n"
    }
}

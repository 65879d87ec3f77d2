import Histogram
import JSON

/// A distribution of durations in microseconds, to three digits.
struct Latency: Sendable {
    private var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
    private var sum = Duration.zero

    init(_ durations: [Duration] = []) { durations.forEach { record($0) } }

    mutating func record(_ duration: Duration) {
        histogram.record(UInt64(max(0, duration / .microseconds(1))))
        sum += duration
    }

    var count: Int { Int(histogram.totalCount) }
    var mean: Duration { count == 0 ? .zero : sum / count }

    func milliseconds(_ percentile: Double) -> Double {
        histogram.totalCount == 0 ? 0 : Double(histogram.valueAtPercentile(percentile)) / 1000
    }

    var json: JSONValue {
        [
            "p50": .number(milliseconds(50)), "p90": .number(milliseconds(90)), "p99": .number(milliseconds(99)),
            "max": .number(milliseconds(100)),
        ]
    }

    /// p50 / p90 / p99 / max, in milliseconds.
    var text: String {
        [50.0, 90, 99, 100].map { "\((milliseconds($0) * 10).rounded() / 10)" }.joined(separator: " / ")
    }
}

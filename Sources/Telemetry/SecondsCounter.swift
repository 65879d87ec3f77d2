import Synchronization

/// Seconds that only become more. Any thread may add.
package final class SecondsCounter: Metric {
    var type: String { "counter" }
    private let nanoseconds = Atomic<Int>(0)

    package func add(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        nanoseconds.wrappingAdd(Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000), ordering: .relaxed)
    }

    package var value: Double { Double(nanoseconds.load(ordering: .relaxed)) / 1e9 }

    func write(name: String, labels: Labels, to page: inout String) {
        page += "\(name)\(labels.text) \(value)\n"
    }
}

import Synchronization

/// A number that goes up and down. Any thread may set it.
package final class Gauge: Metric {
    var type: String { "gauge" }
    private let bits = Atomic<UInt64>(0)

    package func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func write(name: String, labels: Labels, to page: inout String) {
        page += "\(name)\(labels.text) \(value)\n"
    }
}

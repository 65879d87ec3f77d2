import Synchronization

/// A count that only grows. Any thread may add.
package final class Counter: Metric {
    var type: String { "counter" }
    private let count = Atomic<Int>(0)

    package func add(_ amount: Int = 1) { count.wrappingAdd(amount, ordering: .relaxed) }

    package var value: Int { count.load(ordering: .relaxed) }

    func write(name: String, labels: Labels, to page: inout String) {
        page += "\(name)\(labels.text) \(value)\n"
    }
}

/// A number that is asked for when the page is read.
final class Reading: Metric {
    let type: String
    private let read: @Sendable () -> Double

    init(type: String, read: @escaping @Sendable () -> Double) {
        self.type = type
        self.read = read
    }

    func write(name: String, labels: Labels, to page: inout String) {
        page += "\(name)\(labels.text) \(read())\n"
    }
}

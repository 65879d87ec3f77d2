/// Where a request stands among all others, in the queue, in a step and at the blocks: by priority, then by its place
/// between tenants, and then by age. Of one tenant and priority that is by age. Fixed for its life.
package struct RequestOrder: Sendable, Hashable, Comparable {
    package let priority: Int
    /// See `FairShare`.
    package let place: Double
    package let id: RequestID

    package init(priority: Int = 0, place: Double = 0, id: RequestID) {
        self.priority = priority
        self.place = place
        self.id = id
    }

    /// Requests of this number and above are batch work: beside others they take what these hardly notice.
    package static let batchPriority = 100

    var isBatch: Bool { priority >= Self.batchPriority }

    package static func < (a: RequestOrder, b: RequestOrder) -> Bool {
        (a.priority, a.place, a.id) < (b.priority, b.place, b.id)
    }
}

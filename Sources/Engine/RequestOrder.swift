/// Where a request stands among all others, in the queue, in a step and at the blocks: by priority, and then by age.
package struct RequestOrder: Sendable, Hashable, Comparable {
    package let priority: Int
    package let id: RequestID

    package init(priority: Int = 0, id: RequestID) {
        self.priority = priority
        self.id = id
    }

    package static func < (a: RequestOrder, b: RequestOrder) -> Bool { (a.priority, a.id) < (b.priority, b.id) }
}

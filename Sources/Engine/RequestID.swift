/// Names a request, or one sample of it, inside one engine; later requests have larger ones.
package struct RequestID: Sendable, Hashable, Comparable {
    package let number: UInt64

    package init(_ number: UInt64) { self.number = number }

    /// The name of one of the samples of a request whose first this is.
    package func sample(_ index: Int) -> RequestID { RequestID(number &+ UInt64(truncatingIfNeeded: index)) }

    package static func < (a: RequestID, b: RequestID) -> Bool { a.number < b.number }
}

/// Names a request inside one engine; later requests have larger ones.
package struct RequestID: Sendable, Hashable, Comparable {
    package let number: UInt64

    package init(_ number: UInt64) { self.number = number }

    package static func < (a: RequestID, b: RequestID) -> Bool { a.number < b.number }
}

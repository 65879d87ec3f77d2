/// The secret that names of prefixes are made with.
package struct PrefixKey: Sendable, Equatable {
    package let low: UInt64
    package let high: UInt64

    package init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// A key that nobody else has; the names end with whoever drew it.
    package static func random() -> PrefixKey {
        PrefixKey(low: .random(in: .min ... .max), high: .random(in: .min ... .max))
    }
}

/// Names what a model's K/V blocks hold, to the bit: two models of one name compute the same keys and values for the same
/// tokens, and keep them in the same form.
package struct ModelFingerprint: Hashable, Sendable {
    package let low: UInt64
    package let high: UInt64

    package init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// Of all parts, in this order.
    init(_ parts: [UInt64]) {
        (low, high) = parts.withUnsafeBytes { (XXH64.hash($0, seed: 0), XXH64.hash($0, seed: 1)) }
    }
}

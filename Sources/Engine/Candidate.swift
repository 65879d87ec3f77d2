/// A token that may be drawn.
package struct Candidate: Sendable {
    package let id: Int32
    package let logit: Float
    /// exp(scale * (logit - maximum)): its probability times the denominator.
    package let weight: Double

    /// More likely first, the lower id where they are equal: an order without ties.
    func precedes(_ other: Candidate) -> Bool {
        logit > other.logit || (logit == other.logit && id < other.id)
    }
}

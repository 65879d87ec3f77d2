/// Uniform numbers by position: the draw for output i of a seed depends on nothing else, so a request that is
/// computed again, or beside others, draws the same.
///
/// SplitMix64 (Steele, Lea, Flood 2014): its stream is the finalizer applied to a Weyl sequence, so any element of
/// it can be computed directly. The seed goes through the finalizer first; seeds 0, 1, 2 … start far apart.
package struct CounterRandom: Sendable {
    private static let step: UInt64 = 0x9E37_79B9_7F4A_7C15
    private let origin: UInt64

    package init(seed: UInt64) { origin = Self.mix(seed &+ Self.step) }

    /// The seed of one of several samples that are drawn with `seed`. The first has it unchanged, so it is the same as a
    /// sample alone; the others are as far apart as other seeds.
    package static func seed(_ seed: UInt64, sample: Int) -> UInt64 {
        sample == 0 ? seed : mix(mix(seed &+ step) ^ mix(UInt64(truncatingIfNeeded: sample)))
    }

    /// In [0, 1), a multiple of 2^-53. Each round at an index has a number of its own.
    package func uniform(at index: Int, round: Int = 0) -> Double {
        var bits = Self.mix(origin &+ (UInt64(truncatingIfNeeded: index) &+ 1) &* Self.step)
        if round > 0 { bits = Self.mix(bits &+ UInt64(truncatingIfNeeded: round) &* Self.step) }
        return Double(bits >> 11) * 0x1p-53
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

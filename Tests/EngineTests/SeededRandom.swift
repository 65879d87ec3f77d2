import TestSupport

/// The same numbers every time, so that a failing schedule can be run again.
struct SeededRandom: RandomNumberGenerator {
    private var numbers: SplitMix64

    /// Neighbouring seeds, which count schedules, are far apart.
    init(seed: UInt64) { numbers = SplitMix64(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ 1) }

    mutating func next() -> UInt64 { numbers.next() }

    /// Near enough to a standard normal number for logits.
    mutating func normal() -> Float {
        (0..<12).reduce(Float(-6)) { sum, _ in sum + Float.random(in: 0..<1, using: &self) }
    }
}

/// Min-wise hashes in bands (Broder; Indyk and Motwani): two sets with a Jaccard similarity of s have the same hash of a
/// band of r rows with probability s^r.
package struct MinHash: Sendable {
    package let rows: Int
    package let bands: Int
    private let factors: [SIMD16<UInt32>]
    private let offsets: [SIMD16<UInt32>]

    private static let hashCount = 128
    private static let lanes = 16

    /// As many rows as leave a pair at the threshold a chance of 99 % to meet: more rows, fewer pairs to look at in vain.
    package init(threshold: Double) {
        let fitting = (1...16).last { Self.recall(at: threshold, rows: $0) >= 0.99 }
        rows = fitting ?? 1
        bands = Self.hashCount / rows
        // A seed of its own: what counts as a duplicate is no matter of a recipe's luck.
        var random = SplitMix64(seed: 0x5EED_0F_D20F)
        let vectors = Self.hashCount / Self.lanes
        factors = (0..<vectors).map { _ in SIMD16(Self.draw(&random, odd: 1)) }
        offsets = (0..<vectors).map { _ in SIMD16(Self.draw(&random, odd: 0)) }
    }

    private static func draw(_ random: inout SplitMix64, odd: UInt32) -> [UInt32] {
        (0..<lanes).map { _ in UInt32(truncatingIfNeeded: random.next() >> 32) | odd }
    }

    /// The chance that two sets of this similarity share a band.
    package static func recall(at similarity: Double, rows: Int) -> Double {
        let band = (0..<rows).reduce(1.0) { product, _ in product * similarity }
        return 1 - (0..<(hashCount / rows)).reduce(1.0) { product, _ in product * (1 - band) }
    }

    /// One hash for each band of the set.
    /// - Parameter keys: room for `bands` hashes.
    func bandKeys(of set: [UInt64], into keys: UnsafeMutableBufferPointer<UInt64>) {
        withUnsafeTemporaryAllocation(of: SIMD16<UInt32>.self, capacity: factors.count) { least in
            for vector in 0..<factors.count {
                let (factor, offset) = (factors[vector], offsets[vector])
                var minimum = SIMD16<UInt32>(repeating: .max)
                // The multiplier is the same for all lanes of a set's member: sixteen hashes in a few instructions.
                for member in set {
                    let word = SIMD16<UInt32>(repeating: UInt32(truncatingIfNeeded: member >> 32))
                    minimum = pointwiseMin(minimum, word &* factor &+ offset)
                }
                least[vector] = minimum
            }
            for band in 0..<bands {
                var key = UInt64(band)
                for row in band * rows..<(band + 1) * rows {
                    key = SplitMix64.mixed(key &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(least[row / 16][row % 16]))
                }
                keys[band] = key
            }
        }
    }
}

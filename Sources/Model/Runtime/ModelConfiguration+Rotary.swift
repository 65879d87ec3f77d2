#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension ModelConfiguration {
    /// (headSize / 2) radians that each pair of a head turns from one position to the next.
    package var rotaryFrequencies: [Double] {
        ropeDivisors.enumerated().map { index, divisor in
            pow(ropeBase, -2 * Double(index) / Double(headSize)) / Double(divisor)
        }
    }
}

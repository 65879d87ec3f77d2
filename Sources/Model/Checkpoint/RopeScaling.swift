#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// How a model stretches its rotary frequencies, for every context length.
package enum RopeScaling: Sendable, Equatable {
    case none
    /// All frequencies divided by one factor.
    case linear(factor: Double)
    /// Llama 3.1: long waves are divided by `factor`, short ones kept, those between blended.
    case llama3(factor: Double, lowFrequency: Double, highFrequency: Double, originalContext: Double)

    /// (headSize / 2) what each frequency is divided by.
    ///
    /// As in transformers' `_compute_llama3_parameters`: wave lengths in positions are 2 pi / frequency; the blend
    /// goes by how often a wave fits the original context, between the low and the high frequency factor.
    package func divisors(headSize: Int, base: Double) -> [Float] {
        (0..<headSize / 2).map { position in
            let frequency = pow(base, -2 * Double(position) / Double(headSize))
            return Float(divisor(frequency))
        }
    }

    private func divisor(_ frequency: Double) -> Double {
        switch self {
        case .none: return 1
        case .linear(let factor): return factor
        case .llama3(let factor, let low, let high, let original):
            let waves = original * frequency / (2 * Double.pi)
            if waves > high { return 1 }
            if waves < low { return factor }
            let share = (waves - low) / (high - low)
            return 1 / ((1 - share) / factor + share)
        }
    }
}

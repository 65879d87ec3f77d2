import Foundation
import Model

extension LogitsRow {
    /// Sum of exp(scale * (logit - maximum)): the denominator of the distribution, relative to the most likely token.
    func weight(maximum: Float, scale: Float) -> Double {
        exp(logSumExp(scale: scale, maximum: maximum))
    }
}

/// What sampling one row of logits gave.
package enum RowOutcome: Sendable, Equatable {
    case token(SampledToken)
    /// The token after which its constraint lets nothing follow.
    case lastToken(SampledToken)
    /// The constraint allows no token; the text may end here all the same, or not.
    case noToken(isComplete: Bool)
    /// The row holds NaN or infinity where its largest value should be.
    case notANumber
}

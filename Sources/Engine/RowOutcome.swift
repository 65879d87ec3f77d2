/// What sampling one row of logits gave.
package enum RowOutcome: Sendable, Equatable {
    case token(SampledToken)
    /// The row holds NaN or infinity where its largest value should be.
    case notANumber
}

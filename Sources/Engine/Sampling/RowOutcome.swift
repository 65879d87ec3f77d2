/// What sampling one row of logits gave.
package enum RowOutcome: Sendable, Equatable {
    case token(SampledToken)
    /// The token after which its constraint lets nothing follow.
    case lastToken(SampledToken)
    /// The constraint allows no token; the text may end here all the same, or not.
    case noToken(isComplete: Bool)
    /// The text is whole, and what the model would add could not come to an end in the tokens that are left.
    case noRoom
    /// Nothing was drawn: the hidden state of the row went into a vector.
    case pooled
    /// The row was the last of such, and this is the vector.
    case vector([Float])
    /// The row holds NaN or infinity where its largest value should be.
    case notANumber
}

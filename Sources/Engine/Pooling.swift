/// How the hidden states of a prompt become one vector.
package enum Pooling: String, Sendable, Equatable {
    /// Their mean.
    case mean
    /// That of the last token, which has seen all others.
    case last
}

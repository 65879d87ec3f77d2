/// What limits the tokens of one request's text, in terms of ids: the engine knows of no text.
///
/// Owned by the engine thread. During a step the thread that samples the request's row uses it, alone.
package protocol TokenConstraint: AnyObject {
    /// Whether the text may go on with this token. Cheap, where `allowedTokens` may look at the whole vocabulary.
    func allows(_ token: Int32) -> Bool

    /// All tokens that may come next, bit i % 64 of word i / 64 for token i; as many words as the vocabulary needs.
    func allowedTokens() -> [UInt64]

    /// The text goes on with a token, one that was allowed.
    func accept(_ token: Int32) -> ConstraintProgress

    /// Whether the text, which is to come to an end, still can in `room` tokens behind this one, which is allowed.
    func fit(_ token: Int32, room: Int) -> TokenFit

    /// At most `limit` tokens that the text likely goes on with, as it may in one way only: other tokens may write the same.
    /// Often none.
    func forcedTokens(limit: Int) -> [Int32]

    /// Another that has come as far, and goes on by itself.
    func copy() -> any TokenConstraint

    /// The text may end here.
    var isComplete: Bool { get }
}

/// What the tokens that are left mean for the next one.
package enum TokenFit: Sendable, Equatable {
    /// It may come: the end fits behind it, or does not fit in any case.
    case fits
    /// Only the shortest end fits, of which this is the first token.
    case closing(Int32)
    /// The text is at an end, and has no room for another.
    case ended
}

/// What a constraint has to say about the rest of a text.
package enum ConstraintProgress: Sendable {
    /// Something must or may follow, within limits.
    case open
    /// Anything may follow.
    case free
    /// Nothing may follow.
    case ended
}

/// What makes the constraint of a request: each of its samples needs one of its own.
package protocol ConstraintSource: Sendable {
    /// - Parameter stopTokens: ids that end the text; allowed where it may end.
    func constraint(stopTokens: [Int32]) -> any TokenConstraint
}

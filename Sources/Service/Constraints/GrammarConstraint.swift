import Engine
import Grammar

/// A grammar as the engine asks about it, token by token.
///
/// Used by one thread at a time: the engine's, or the one that samples the request's row.
final class GrammarConstraint: TokenConstraint {
    private var matcher: TokenMatcher
    private let stopTokens: [Int32]
    /// The text is brought to its end when the tokens run out.
    private let closes: Bool

    init(_ matcher: TokenMatcher, stopTokens: [Int32], closes: Bool) {
        self.matcher = matcher
        self.stopTokens = stopTokens
        self.closes = closes
    }

    func copy() -> any TokenConstraint { GrammarConstraint(matcher, stopTokens: stopTokens, closes: closes) }

    var isComplete: Bool { matcher.isComplete }

    func allows(_ token: Int32) -> Bool {
        stopTokens.contains(token) ? matcher.isComplete : matcher.allows(token)
    }

    func allowedTokens() -> [UInt64] {
        var mask = matcher.mask()
        for token in stopTokens { mask[token] = matcher.isComplete }
        return mask.words
    }

    func fit(_ token: Int32, room: Int) -> TokenFit {
        guard closes, !stopTokens.contains(token), !matcher.leavesRoom(token, room: room),
            let end = matcher.shortestEnd(tokens: room + 1)
        else { return .fits }
        return end.first.map { .closing($0) } ?? .ended
    }

    func forcedTokens(limit: Int) -> [Int32] { Array(matcher.forcedTokens().prefix(limit)) }

    func accept(_ token: Int32) -> ConstraintProgress {
        if stopTokens.contains(token) { return .open }
        guard matcher.accept(token), !matcher.isAtEnd || matcher.isFree else { return .ended }
        return matcher.isFree ? .free : .open
    }
}

struct GrammarConstraintSource: ConstraintSource {
    let grammar: CompiledGrammar
    /// Documents that end where tokens run out; not calls of tools, which nobody should make by half.
    let closes: Bool

    func constraint(stopTokens: [Int32]) -> any TokenConstraint {
        GrammarConstraint(TokenMatcher(grammar), stopTokens: stopTokens, closes: closes)
    }
}

import Engine
import Grammar

/// A grammar as the engine asks about it, token by token.
///
/// Used by one thread at a time: the engine's, or the one that samples the request's row.
final class GrammarConstraint: TokenConstraint {
    private var matcher: TokenMatcher
    private let stopTokens: [Int32]

    init(_ matcher: TokenMatcher, stopTokens: [Int32]) {
        self.matcher = matcher
        self.stopTokens = stopTokens
    }

    func copy() -> any TokenConstraint { GrammarConstraint(matcher, stopTokens: stopTokens) }

    var isComplete: Bool { matcher.isComplete }

    func allows(_ token: Int32) -> Bool {
        stopTokens.contains(token) ? matcher.isComplete : matcher.allows(token)
    }

    func allowedTokens() -> [UInt64] {
        var mask = matcher.mask()
        for token in stopTokens { mask[token] = matcher.isComplete }
        return mask.words
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

    func constraint(stopTokens: [Int32]) -> any TokenConstraint {
        GrammarConstraint(TokenMatcher(grammar), stopTokens: stopTokens)
    }
}

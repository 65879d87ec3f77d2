/// A part of a template's body.
indirect enum Statement: Sendable {
    /// What an assignment writes to.
    enum Target: Sendable {
        case name(String)
        case attribute(of: String, String)
    }

    struct Parameter: Sendable {
        let name: String
        let standard: Expression?
    }

    struct Macro: Sendable {
        let name: String
        let parameters: [Parameter]
        let body: [Statement]
    }

    struct Loop: Sendable {
        let targets: [String]
        let sequence: Expression
        let condition: Expression?
        let body: [Statement]
        let otherwise: [Statement]
    }

    case text(MarkedText)
    case output(Expression, line: Int)
    case evaluate(Expression, line: Int)
    case branch([(condition: Expression, body: [Statement])], otherwise: [Statement], line: Int)
    case loop(Loop, line: Int)
    case assign([Target], Expression, line: Int)
    case assignBlock(Target, filters: [Expression.Suffix], [Statement], line: Int)
    case macro(Macro)
    case call(Expression, Macro, line: Int)
    case filter([Expression.Suffix], [Statement], line: Int)
    case with([(name: String, value: Expression)], [Statement], line: Int)
    case group([Statement])
    case leaveLoop
    case nextRound
}

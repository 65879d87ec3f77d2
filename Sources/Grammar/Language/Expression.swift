/// A set of byte strings, in the operations of regular languages and references to rules.
package indirect enum Expression: Sendable, Equatable {
    case literal([UInt8])
    /// One byte of a set.
    case byte(ByteSet)
    /// One after the other; the empty text if there are none.
    case sequence([Expression])
    /// One of them; no text at all if there are none.
    case choice([Expression])
    /// At least `min` and at most `max` of them, with no upper end where `max` is nil.
    case repetition(Expression, min: Int, max: Int?)
    /// `min` to `max` of the members in their order (no upper end where `max` is nil), those that are not required left
    /// out at will, with a separator between two.
    case members([Member], min: Int, max: Int?, separator: Expression)
    /// At least `min` and at most `max` of the elements in their order, and of `rest` behind them, with a separator
    /// between two.
    case elements([Expression], rest: Expression?, min: Int, max: Int?, separator: Expression)
    /// What both are. Neither refers to a rule.
    case intersection(Expression, Expression)
    /// What the first is and the second is not. Neither refers to a rule.
    case difference(Expression, Expression)
    /// Decimal numbers without sign that are a multiple of `step` / 10^`places`, leading zeros allowed.
    case multiple(of: Int, places: Int)
    /// The rule with this number.
    case rule(Int)

    package struct Member: Sendable, Equatable {
        package var expression: Expression
        package var occurrence: Occurrence

        package init(_ expression: Expression, _ occurrence: Occurrence) {
            self.expression = expression
            self.occurrence = occurrence
        }
    }

    package enum Occurrence: Sendable {
        case once
        case optional
        case anyNumber
    }

    package static let empty = Expression.sequence([])
    package static let never = Expression.choice([])

    package static func text(_ text: String) -> Expression { .literal(Array(text.utf8)) }
    package static func optional(_ expression: Expression) -> Expression { .repetition(expression, min: 0, max: 1) }
    package static func many(_ expression: Expression) -> Expression { .repetition(expression, min: 0, max: nil) }
}

/// A context-free language over bytes: rules that may refer to one another, and the one to start with.
package struct Grammar: Sendable, Equatable {
    package var rules: [Expression]
    package var root: Int
    /// Of the rules, for errors; empty where the client named none.
    package var names: [String]

    package init(rules: [Expression], root: Int, names: [String] = []) {
        self.rules = rules
        self.root = root
        self.names = names
    }

    package init(_ root: Expression) { self.init(rules: [root], root: 0) }

    func name(of rule: Int) -> String { names.indices.contains(rule) ? "'\(names[rule])'" : "number \(rule)" }
}

/// What stands in `{{ }}` and in the heads of blocks. Chains are flat, so the tree is only as deep as the nesting
/// that the parser allows.
indirect enum Expression: Sendable {
    enum Literal: Sendable {
        case none
        case bool(Bool)
        case integer(Int)
        case double(Double)
        case string(MarkedText)
    }

    enum Arithmetic: String, Sendable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case floorDivide = "//"
        case modulo = "%"
        case power = "**"
    }

    enum Comparison: String, Sendable {
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case contained = "in"
        case notContained = "not in"
    }

    struct Arguments: Sendable {
        var positional: [Expression] = []
        var named: [(name: String, value: Expression)] = []
    }

    /// What may follow a value.
    enum Suffix: Sendable {
        case attribute(String)
        case subscript_(Expression)
        case slice(Expression?, Expression?, Expression?)
        case call(Arguments)
        case filter(String, Arguments)
        case test(String, Arguments, isNegated: Bool)
    }

    case literal(Literal)
    case name(String)
    case list([Expression])
    case tuple([Expression])
    case dictionary([(key: Expression, value: Expression)])
    case not(Expression)
    case negate(Expression)
    case all([Expression])
    case any([Expression])
    case concatenate([Expression])
    case arithmetic(Expression, [(operation: Arithmetic, operand: Expression)])
    case compare(Expression, [(operation: Comparison, operand: Expression)])
    case conditional(Expression, condition: Expression, otherwise: Expression?)
    case suffixed(Expression, [Suffix])
}

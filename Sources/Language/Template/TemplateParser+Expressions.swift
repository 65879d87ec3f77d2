extension TemplateParser {
    /// One expression, or several with commas between, which make a tuple.
    mutating func tuple(allowsConditional: Bool = true) throws(TemplateError) -> Expression {
        let first = allowsConditional ? try expression() : try operation(.or)
        guard current == .symbol(",") else { return first }
        var elements = [first]
        while skip(symbol: ",") {
            if current == .endBlock || current == .endOutput || current == .symbol("=") { break }
            elements.append(allowsConditional ? try expression() : try operation(.or))
        }
        return .tuple(elements)
    }

    mutating func expression() throws(TemplateError) -> Expression {
        try nested { (parser) throws(TemplateError) in
            let value = try parser.operation(.or)
            guard parser.skip(word: "if") else { return value }
            let condition = try parser.operation(.or)
            let otherwise = parser.skip(word: "else") ? try parser.expression() : nil
            return .conditional(value, condition: condition, otherwise: otherwise)
        }
    }

    /// Loosest first. `~` binds tighter than `+`, as in Jinja.
    enum Precedence: Int {
        case or, and, not, compare, sum, concatenate, product, power, unary

        var tighter: Precedence { Precedence(rawValue: rawValue + 1) ?? .unary }
    }

    /// Climbs the precedences in a loop where nothing of that precedence follows, to keep the stack shallow.
    mutating func operation(_ precedence: Precedence) throws(TemplateError) -> Expression {
        switch precedence {
        case .not where current == .name("not"):
            advance()
            return .not(try nested { (parser) throws(TemplateError) in try parser.operation(.not) })
        case .or, .and, .not:
            return try logic(precedence)
        default:
            return try chain(from: precedence)
        }
    }

    private mutating func logic(_ precedence: Precedence) throws(TemplateError) -> Expression {
        guard precedence != .not else { return try chain(from: .compare) }
        let first = try operation(precedence.tighter)
        let word = precedence == .or ? "or" : "and"
        guard current == .name(word) else { return first }
        var operands = [first]
        while skip(word: word) { operands.append(try operation(precedence.tighter)) }
        return precedence == .or ? .any(operands) : .all(operands)
    }

    /// Reads one operand, then joins what follows from the tightest operators outwards.
    private mutating func chain(from precedence: Precedence) throws(TemplateError) -> Expression {
        var value = try unary()
        var level = Precedence.power
        while level.rawValue >= precedence.rawValue {
            value = try joined(value, at: level)
            guard let looser = Precedence(rawValue: level.rawValue - 1) else { break }
            level = looser
        }
        return value
    }

    private mutating func joined(_ first: Expression, at level: Precedence) throws(TemplateError) -> Expression {
        if level == .compare { return try comparison(first) }
        if level == .concatenate {
            guard current == .symbol("~") else { return first }
            var operands = [first]
            while skip(symbol: "~") { operands.append(try chain(from: .product)) }
            return .concatenate(operands)
        }
        var operands: [(operation: Expression.Arithmetic, operand: Expression)] = []
        while let operation = arithmetic(at: level) {
            advance()
            operands.append((operation, level == .power ? try unary() : try chain(from: level.tighter)))
        }
        return operands.isEmpty ? first : .arithmetic(first, operands)
    }

    private func arithmetic(at level: Precedence) -> Expression.Arithmetic? {
        guard case .symbol(let symbol) = current, let operation = Expression.Arithmetic(rawValue: symbol) else {
            return nil
        }
        switch operation {
        case .add, .subtract: return level == .sum ? operation : nil
        case .multiply, .divide, .floorDivide, .modulo: return level == .product ? operation : nil
        case .power: return level == .power ? operation : nil
        }
    }

    private mutating func comparison(_ first: Expression) throws(TemplateError) -> Expression {
        var operands: [(operation: Expression.Comparison, operand: Expression)] = []
        while true {
            if case .symbol(let symbol) = current, let operation = Expression.Comparison(rawValue: symbol) {
                advance()
                operands.append((operation, try chain(from: .sum)))
            } else if skip(word: "in") {
                operands.append((.contained, try chain(from: .sum)))
            } else if current == .name("not"), following == .name("in") {
                advance()
                advance()
                operands.append((.notContained, try chain(from: .sum)))
            } else {
                return operands.isEmpty ? first : .compare(first, operands)
            }
        }
    }

    /// A sign, or a value with what follows it. Filters and tests apply to the signed value: `-1 | abs` is 1.
    private mutating func unary() throws(TemplateError) -> Expression {
        var value: Expression
        if skip(symbol: "-") {
            value = .negate(try nested { (parser) throws(TemplateError) in try parser.signed() })
        } else if skip(symbol: "+") {
            value = try nested { (parser) throws(TemplateError) in try parser.signed() }
        } else {
            value = try primary()
        }
        let suffixes = try suffixes(withFilters: true)
        if !suffixes.isEmpty { value = .suffixed(value, suffixes) }
        return value
    }

    private mutating func signed() throws(TemplateError) -> Expression {
        if skip(symbol: "-") {
            return .negate(try nested { (parser) throws(TemplateError) in try parser.signed() })
        }
        let value = try primary()
        let suffixes = try suffixes(withFilters: false)
        return suffixes.isEmpty ? value : .suffixed(value, suffixes)
    }

    private mutating func primary() throws(TemplateError) -> Expression {
        let token = current
        switch token {
        case .name(let name):
            advance()
            switch name {
            case "true", "True": return .literal(.bool(true))
            case "false", "False": return .literal(.bool(false))
            case "none", "None": return .literal(.none)
            default: return .name(name)
            }
        case .integer(let value):
            advance()
            return .literal(.integer(value))
        case .double(let value):
            advance()
            return .literal(.double(value))
        case .string(var bytes):
            advance()
            while case .string(let more) = current {
                bytes += more
                advance()
            }
            return .literal(.string(MarkedText(bytes: bytes, .template)))
        case .symbol("("): return try bracketed()
        case .symbol("["):
            advance()
            return .list(try elements(until: "]"))
        case .symbol("{"): return try dictionary()
        default: throw unexpected()
        }
    }

    private mutating func bracketed() throws(TemplateError) -> Expression {
        advance()
        if skip(symbol: ")") { return .tuple([]) }
        let first = try expression()
        if skip(symbol: ")") { return first }
        try expect(.symbol(","))
        return .tuple([first] + (try elements(until: ")")))
    }

    private mutating func elements(until end: String) throws(TemplateError) -> [Expression] {
        var elements: [Expression] = []
        while !skip(symbol: end) {
            elements.append(try expression())
            if !skip(symbol: ",") {
                try expect(.symbol(end))
                break
            }
        }
        return elements
    }

    private mutating func dictionary() throws(TemplateError) -> Expression {
        advance()
        var members: [(key: Expression, value: Expression)] = []
        while !skip(symbol: "}") {
            let key = try expression()
            try expect(.symbol(":"))
            members.append((key, try expression()))
            if !skip(symbol: ",") {
                try expect(.symbol("}"))
                break
            }
        }
        return .dictionary(members)
    }

    // MARK: What follows a value

    private mutating func suffixes(withFilters: Bool) throws(TemplateError) -> [Expression.Suffix] {
        var suffixes: [Expression.Suffix] = []
        while true {
            if skip(symbol: ".") {
                if case .integer(let index) = current {
                    advance()
                    suffixes.append(.subscript_(.literal(.integer(index))))
                } else {
                    suffixes.append(.attribute(try expectName()))
                }
            } else if skip(symbol: "[") {
                suffixes.append(try subscriptSuffix())
            } else if current == .symbol("(") {
                suffixes.append(.call(try arguments()))
            } else if withFilters, skip(symbol: "|") {
                suffixes.append(try filter())
            } else if withFilters, skip(word: "is") {
                suffixes.append(try test())
            } else {
                return suffixes
            }
        }
    }

    private mutating func subscriptSuffix() throws(TemplateError) -> Expression.Suffix {
        var parts: [Expression?] = [nil]
        var isSlice = false
        while !skip(symbol: "]") {
            if skip(symbol: ":") {
                isSlice = true
                parts.append(nil)
            } else {
                guard parts[parts.count - 1] == nil else { throw unexpected() }
                parts[parts.count - 1] = try expression()
            }
        }
        guard parts.count <= 3 else { throw error("a slice has at most three parts") }
        if isSlice { return .slice(parts[0], parts[1], parts.count > 2 ? parts[2] : nil) }
        guard let index = parts[0] else { throw error("an empty subscript") }
        return .subscript_(index)
    }

    private mutating func arguments() throws(TemplateError) -> Expression.Arguments {
        try expect(.symbol("("))
        var arguments = Expression.Arguments()
        while !skip(symbol: ")") {
            if case .name(let name) = current, following == .symbol("=") {
                advance()
                advance()
                arguments.named.append((name, try expression()))
            } else {
                guard arguments.named.isEmpty else { throw error("a positional argument follows a named one") }
                arguments.positional.append(try expression())
            }
            if !skip(symbol: ",") {
                try expect(.symbol(")"))
                break
            }
        }
        return arguments
    }

    /// Filters of a `filter` block or a block assignment, the first without its bar.
    mutating func filterChain() throws(TemplateError) -> [Expression.Suffix] {
        var filters = [try filter()]
        while skip(symbol: "|") { filters.append(try filter()) }
        return filters
    }

    private mutating func filter() throws(TemplateError) -> Expression.Suffix {
        let name = try expectName()
        guard Renderer.filterNames.contains(name) else { throw error("No filter named '\(name.prefix(64))'.") }
        return .filter(name, current == .symbol("(") ? try arguments() : Expression.Arguments())
    }

    /// A test takes arguments in brackets or one value behind it: `is divisibleby 3`.
    private mutating func test() throws(TemplateError) -> Expression.Suffix {
        let isNegated = skip(word: "not")
        let name = try expectName()
        guard Renderer.testNames.contains(name) else { throw error("No test named '\(name.prefix(64))'.") }
        var arguments = Expression.Arguments()
        switch current {
        case .symbol("("): arguments = try self.arguments()
        case .name("else"), .name("or"), .name("and"), .name("is"), .name("if"), .name("in"), .name("not"): break
        case .name, .string, .integer, .double, .symbol("["), .symbol("{"):
            let value = try nested { (parser) throws(TemplateError) in try parser.signed() }
            arguments.positional = [value]
        default: break
        }
        return .test(name, arguments, isNegated: isNegated)
    }
}

/// Tokens to statements. Refuses at load what could only fail later: unknown tags, filters, tests.
struct TemplateParser {
    /// Nesting of blocks and expressions together; holds on a stack of 256 KiB.
    static let depthLimit = 64

    private let tokens: [TemplateToken]
    private var position = 0
    private var depth = 0
    private var loops = 0

    init(_ tokens: [TemplateToken]) {
        self.tokens = tokens
    }

    mutating func parse() throws(TemplateError) -> [Statement] {
        let body = try body(until: [])
        guard current == .end else { throw unexpected() }
        return body
    }

    // MARK: Tokens

    /// `tokens` always closes with `.end`, which is never passed.
    var current: TemplateToken.Kind { tokens[position].kind }
    var following: TemplateToken.Kind { tokens[min(position + 1, tokens.count - 1)].kind }
    var line: Int { tokens[position].line }

    mutating func advance() { position = min(position + 1, tokens.count - 1) }

    func error(_ reason: String) -> TemplateError { .syntax(line: line, reason: reason) }

    func unexpected() -> TemplateError {
        switch current {
        case .end: error("unexpected end of template")
        case .endBlock, .endOutput: error("unexpected end of tag")
        case .name(let name): error("unexpected '\(name.prefix(64))'")
        case .symbol(let symbol): error("unexpected '\(symbol)'")
        default: error("unexpected value")
        }
    }

    mutating func skip(_ kind: TemplateToken.Kind) -> Bool {
        guard current == kind else { return false }
        advance()
        return true
    }

    mutating func skip(symbol: String) -> Bool { skip(.symbol(symbol)) }
    mutating func skip(word: String) -> Bool { skip(.name(word)) }

    mutating func expect(_ kind: TemplateToken.Kind) throws(TemplateError) {
        guard skip(kind) else { throw unexpected() }
    }

    mutating func expectName() throws(TemplateError) -> String {
        guard case .name(let name) = current else { throw unexpected() }
        advance()
        return name
    }

    mutating func nested<Result>(
        _ body: (inout TemplateParser) throws(TemplateError) -> Result
    ) throws(TemplateError) -> Result {
        depth += 1
        guard depth <= Self.depthLimit else { throw error("nested deeper than \(Self.depthLimit)") }
        let result = try body(&self)
        depth -= 1
        return result
    }

    // MARK: Statements

    /// Statements up to a block tag with one of these names, which stays to be read.
    private mutating func body(until ends: [String]) throws(TemplateError) -> [Statement] {
        var statements: [Statement] = []
        while true {
            switch current {
            case .text(let bytes):
                statements.append(.text(MarkedText(bytes: bytes, .template)))
                advance()
            case .beginOutput:
                let line = line
                advance()
                statements.append(.output(try tuple(), line: line))
                try expect(.endOutput)
            case .beginBlock:
                if case .name(let name) = following, ends.contains(name) { return statements }
                advance()
                statements.append(try nested { (parser) throws(TemplateError) in try parser.block() })
            default: return statements
            }
        }
    }

    /// The body of a block and its end tag; the head has been read.
    private mutating func body(closedBy end: String) throws(TemplateError) -> [Statement] {
        try expect(.endBlock)
        let statements = try body(until: [end])
        try close(end)
        return statements
    }

    private mutating func close(_ end: String) throws(TemplateError) {
        try expect(.beginBlock)
        try expect(.name(end))
        // Jinja allows the macro's or block's name to be repeated.
        if end == "endmacro", case .name = current { advance() }
        try expect(.endBlock)
    }

    private mutating func block() throws(TemplateError) -> Statement {
        let line = line
        let tag = try expectName()
        switch tag {
        case "if": return try branch(line)
        case "for": return try loop(line)
        case "set": return try assignment(line)
        case "macro": return .macro(try macro(named: try expectName(), closedBy: "endmacro"))
        case "call": return try call(line)
        case "filter":
            let filters = try filterChain()
            return .filter(filters, try body(closedBy: "endfilter"), line: line)
        case "with": return try with(line)
        case "generation": return .group(try body(closedBy: "endgeneration"))
        case "do":
            let expression = try expression()
            try expect(.endBlock)
            return .evaluate(expression, line: line)
        case "break", "continue":
            guard loops > 0 else { throw error("'\(tag)' outside of a loop") }
            try expect(.endBlock)
            return tag == "break" ? .leaveLoop : .nextRound
        default: throw .syntax(line: line, reason: "unknown tag '\(tag.prefix(64))'")
        }
    }

    private mutating func branch(_ line: Int) throws(TemplateError) -> Statement {
        var branches: [(condition: Expression, body: [Statement])] = []
        var otherwise: [Statement] = []
        repeat {
            let condition = try expression()
            try expect(.endBlock)
            branches.append((condition, try body(until: ["elif", "else", "endif"])))
            try expect(.beginBlock)
        } while skip(word: "elif")
        if skip(word: "else") {
            try expect(.endBlock)
            otherwise = try body(until: ["endif"])
            try expect(.beginBlock)
        }
        try expect(.name("endif"))
        try expect(.endBlock)
        return .branch(branches, otherwise: otherwise, line: line)
    }

    private mutating func loop(_ line: Int) throws(TemplateError) -> Statement {
        let targets = try names()
        try expect(.name("in"))
        let sequence = try tuple(allowsConditional: false)
        var condition: Expression?
        if skip(word: "if") { condition = try expression() }
        if skip(word: "recursive") { throw error("recursive loops are not supported") }
        try expect(.endBlock)
        loops += 1
        let body = try body(until: ["else", "endfor"])
        loops -= 1
        try expect(.beginBlock)
        var otherwise: [Statement] = []
        if skip(word: "else") {
            try expect(.endBlock)
            otherwise = try self.body(until: ["endfor"])
            try expect(.beginBlock)
        }
        try expect(.name("endfor"))
        try expect(.endBlock)
        let loop = Statement.Loop(
            targets: targets, sequence: sequence, condition: condition, body: body, otherwise: otherwise)
        return .loop(loop, line: line)
    }

    /// `a` or `a, b` or `(a, b)`.
    private mutating func names() throws(TemplateError) -> [String] {
        let isBracketed = skip(symbol: "(")
        var names = [try expectName()]
        while skip(symbol: ","), case .name(let name) = current, name != "in" { names.append(try expectName()) }
        if isBracketed { try expect(.symbol(")")) }
        return names
    }

    private mutating func assignment(_ line: Int) throws(TemplateError) -> Statement {
        var targets: [Statement.Target] = []
        repeat {
            let name = try expectName()
            targets.append(skip(symbol: ".") ? .attribute(of: name, try expectName()) : .name(name))
        } while skip(symbol: ",")
        if skip(symbol: "=") {
            let value = try tuple()
            try expect(.endBlock)
            return .assign(targets, value, line: line)
        }
        guard targets.count == 1 else { throw unexpected() }
        let filters = skip(symbol: "|") ? try filterChain() : []
        return .assignBlock(targets[0], filters: filters, try body(closedBy: "endset"), line: line)
    }

    private mutating func macro(named name: String, closedBy end: String) throws(TemplateError) -> Statement.Macro {
        var parameters: [Statement.Parameter] = []
        if skip(symbol: "(") {
            while !skip(symbol: ")") {
                if !parameters.isEmpty { try expect(.symbol(",")) }
                if skip(symbol: ")") { break }
                let name = try expectName()
                parameters.append(Statement.Parameter(name: name, standard: skip(symbol: "=") ? try expression() : nil))
            }
        }
        let outer = loops
        loops = 0
        let body = try body(closedBy: end)
        loops = outer
        return Statement.Macro(name: name, parameters: parameters, body: body)
    }

    /// `{% call(a, b) macro(x) %}`: the parameters stand before the call.
    private mutating func call(_ line: Int) throws(TemplateError) -> Statement {
        var parameters: [Statement.Parameter] = []
        if skip(symbol: "(") {
            while !skip(symbol: ")") {
                if !parameters.isEmpty { try expect(.symbol(",")) }
                parameters.append(Statement.Parameter(name: try expectName(), standard: nil))
            }
        }
        let call = try expression()
        let outer = loops
        loops = 0
        let body = try body(closedBy: "endcall")
        loops = outer
        return .call(call, Statement.Macro(name: "caller", parameters: parameters, body: body), line: line)
    }

    private mutating func with(_ line: Int) throws(TemplateError) -> Statement {
        var values: [(name: String, value: Expression)] = []
        while current != .endBlock {
            if !values.isEmpty { try expect(.symbol(",")) }
            let name = try expectName()
            try expect(.symbol("="))
            values.append((name, try expression()))
        }
        return .with(values, try body(closedBy: "endwith"), line: line)
    }
}

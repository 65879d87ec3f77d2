/// Runs a parsed template over values. One renderer renders once.
///
/// Bounded in steps, in bytes of text and in depth, so that no template can hold a connection's thread or its stack.
final class Renderer {
    enum Budget {
        static let steps = 1_000_000
        static let outputBytes = 8 << 20
        /// Statements, expressions and calls that are open at one time.
        static let depth = 120
        static let range = 100_000
    }

    /// How a body ended.
    enum Flow { case on, leaveLoop, nextRound }

    let clock: TemplateClock
    private(set) var scope: TemplateScope
    private let globals: TemplateScope
    private var output = MarkedText()
    private var steps = 0
    private var depth = 0
    private(set) var line = 1
    /// Lists and scopes that may hold themselves; emptied at the end, so that nothing leaks.
    private var circular: [TemplateList] = []
    private var namespaces: [TemplateNamespace] = []
    private var macroScopes: [TemplateScope] = []

    init(values: [(name: String, value: TemplateValue)], clock: TemplateClock) {
        self.clock = clock
        globals = TemplateScope(parent: nil)
        globals["range"] = .function(.range)
        globals["namespace"] = .function(.namespace)
        globals["dict"] = .function(.dict)
        globals["raise_exception"] = .function(.raiseException)
        globals["strftime_now"] = .function(.strftimeNow)
        scope = TemplateScope(parent: globals)
        for (name, value) in values { scope[name] = value }
    }

    func render(_ body: [Statement]) throws(TemplateError) -> MarkedText {
        defer {
            for list in circular { list.items.removeAll() }
            for namespace in namespaces { namespace.members.removeAll() }
            for scope in macroScopes { scope.removeAll() }
        }
        _ = try run(body)
        return output
    }

    // MARK: Budgets and errors

    func failure(_ reason: String) -> TemplateError { .failed(line: line, reason: reason) }

    func spend(_ count: Int = 1) throws(TemplateError) {
        let (sum, overflows) = steps.addingReportingOverflow(count)
        steps = sum
        guard !overflows, sum <= Budget.steps else { throw .limit(line: line, name: "steps", limit: Budget.steps) }
    }

    /// Checks a text that is about to be made. Its memory costs steps, and copying.
    func reserve(bytes: Int) throws(TemplateError) {
        guard bytes <= Budget.outputBytes else {
            throw .limit(line: line, name: "bytes of text", limit: Budget.outputBytes)
        }
        try spend(2 + bytes / 64)
    }

    /// Costs of work on each code point of a text; before the work.
    func spend(onScalarsOf text: MarkedText) throws(TemplateError) { try spend(text.count / 2) }

    /// A value as Python prints it.
    func printed(_ value: TemplateValue) throws(TemplateError) -> MarkedText {
        if case .string(let text) = value { return text }
        let text = ValuePrinter.string(of: value)
        try reserve(bytes: text.count)
        try spend(text.count / 2)
        return text
    }

    func enter() throws(TemplateError) {
        depth += 1
        guard depth <= Budget.depth else { throw .limit(line: line, name: "open calls", limit: Budget.depth) }
    }

    func leave() { depth -= 1 }

    func keepTrack(of list: TemplateList) { circular.append(list) }
    func keepTrack(of namespace: TemplateNamespace) { namespaces.append(namespace) }

    // MARK: Statements

    private func write(_ text: MarkedText) throws(TemplateError) {
        guard output.count + text.count <= Budget.outputBytes else {
            throw .limit(line: line, name: "bytes of text", limit: Budget.outputBytes)
        }
        output.append(text)
    }

    private func run(_ body: [Statement]) throws(TemplateError) -> Flow {
        try enter()
        defer { leave() }
        for statement in body {
            try spend()
            let flow = try run(statement)
            guard flow == .on else { return flow }
        }
        return .on
    }

    private func run(_ statement: Statement) throws(TemplateError) -> Flow {
        switch statement {
        case .text(let text): try write(text)
        case .output(let expression, let line):
            self.line = line
            try write(try printed(try evaluate(expression)))
        case .evaluate(let expression, let line):
            self.line = line
            _ = try evaluate(expression)
        case .branch(let branches, let otherwise, let line):
            return try runBranch(branches, otherwise, line)
        case .loop(let loop, let line):
            self.line = line
            return try runLoop(loop)
        case .assign(let targets, let expression, let line):
            self.line = line
            try assign(try evaluate(expression), to: targets)
        case .assignBlock(let target, let filters, let body, let line):
            let text = try capture(body, in: TemplateScope(parent: scope))
            self.line = line
            try assign(try apply(filters, to: .string(text)), to: target)
        case .macro(let macro):
            scope[macro.name] = closure(macro)
        case .call(let call, let body, let line):
            self.line = line
            try runCall(call, body)
        case .filter(let filters, let body, let line):
            let text = try capture(body, in: TemplateScope(parent: scope))
            self.line = line
            try write(try printed(try apply(filters, to: .string(text))))
        case .with(let values, let body, let line):
            self.line = line
            return try runWith(values, body)
        case .group(let body): return try run(body)
        case .leaveLoop: return .leaveLoop
        case .nextRound: return .nextRound
        }
        return .on
    }

    private func runBranch(
        _ branches: [(condition: Expression, body: [Statement])], _ otherwise: [Statement], _ line: Int
    ) throws(TemplateError) -> Flow {
        self.line = line
        for branch in branches where try evaluate(branch.condition).isTrue { return try run(branch.body) }
        return try run(otherwise)
    }

    private func runWith(
        _ values: [(name: String, value: Expression)], _ body: [Statement]
    ) throws(TemplateError) -> Flow {
        let inner = TemplateScope(parent: scope)
        for (name, value) in values { inner[name] = try evaluate(value) }
        return try run(body, in: inner)
    }

    func run(_ body: [Statement], in inner: TemplateScope) throws(TemplateError) -> Flow {
        let outer = scope
        scope = inner
        defer { scope = outer }
        return try run(body)
    }

    /// The text that a body writes.
    func capture(_ body: [Statement], in inner: TemplateScope) throws(TemplateError) -> MarkedText {
        let outer = output
        output = MarkedText()
        defer { output = outer }
        _ = try run(body, in: inner)
        return output
    }

    private func closure(_ macro: Statement.Macro) -> TemplateValue {
        macroScopes.append(scope)
        return .function(.macro(macro, scope: scope))
    }

    private func runCall(_ call: Expression, _ body: Statement.Macro) throws(TemplateError) {
        let outer = scope
        scope = TemplateScope(parent: outer)
        defer { scope = outer }
        scope["caller"] = closure(body)
        guard case .suffixed(let callee, let suffixes) = call, case .call(let arguments) = suffixes.last else {
            throw failure("a call block needs a call")
        }
        let function = try evaluate(suffixes.count == 1 ? callee : .suffixed(callee, suffixes.dropLast()))
        guard case .function(.macro(let macro, let defined)) = function else {
            throw failure("a call block needs a macro")
        }
        let values = try evaluate(arguments)
        try write(try invoke(macro, defined, values, caller: scope["caller"]))
    }

    // MARK: Loops

    private func runLoop(_ loop: Statement.Loop) throws(TemplateError) -> Flow {
        var items = try elements(of: try evaluate(loop.sequence))
        if let condition = loop.condition { items = try filtered(items, loop.targets, condition) }
        guard !items.isEmpty else { return try run(loop.otherwise) }
        let list = TemplateList(items)
        for (index, item) in items.enumerated() {
            try spend()
            let inner = TemplateScope(parent: scope)
            try bind(item, to: loop.targets, in: inner)
            inner["loop"] = .loop(TemplateLoop(items: list, index: index, depth: 1))
            if try run(loop.body, in: inner) == .leaveLoop { break }
        }
        return .on
    }

    private func filtered(
        _ items: [TemplateValue], _ targets: [String], _ condition: Expression
    ) throws(TemplateError) -> [TemplateValue] {
        let outer = scope
        defer { scope = outer }
        var kept: [TemplateValue] = []
        for item in items {
            try spend()
            scope = TemplateScope(parent: outer)
            try bind(item, to: targets, in: scope)
            if try evaluate(condition).isTrue { kept.append(item) }
        }
        return kept
    }

    private func bind(_ value: TemplateValue, to names: [String], in scope: TemplateScope) throws(TemplateError) {
        if names.count == 1 {
            scope[names[0]] = value
            return
        }
        for (name, part) in zip(names, try unpack(value, into: names.count)) { scope[name] = part }
    }

    // MARK: Assignment

    private func assign(_ value: TemplateValue, to targets: [Statement.Target]) throws(TemplateError) {
        if targets.count == 1 { return try assign(value, to: targets[0]) }
        for (target, part) in zip(targets, try unpack(value, into: targets.count)) { try assign(part, to: target) }
    }

    private func assign(_ value: TemplateValue, to target: Statement.Target) throws(TemplateError) {
        switch target {
        case .name(let name): scope[name] = value
        case .attribute(let name, let member):
            guard case .namespace(let namespace) = scope[name] else {
                throw failure("cannot assign attribute on non-namespace object")
            }
            namespace.members[member] = value
        }
    }

    private func unpack(_ value: TemplateValue, into count: Int) throws(TemplateError) -> [TemplateValue] {
        let parts = try elements(of: value)
        guard parts.count >= count else {
            throw failure("not enough values to unpack (expected \(count), got \(parts.count))")
        }
        guard parts.count == count else { throw failure("too many values to unpack (expected \(count))") }
        return parts
    }
}

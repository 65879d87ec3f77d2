/// Values of a call, read by position or by name. What nobody reads is refused.
struct CallArguments {
    private(set) var positional: [TemplateValue]
    private(set) var named: [(name: String, value: TemplateValue)]

    init(_ positional: [TemplateValue] = [], named: [(name: String, value: TemplateValue)] = []) {
        self.positional = positional
        self.named = named
    }

    var isEmpty: Bool { positional.isEmpty && named.isEmpty }

    /// The next positional value, else the one with this name.
    mutating func next(_ name: String) -> TemplateValue? {
        if !positional.isEmpty { return positional.removeFirst() }
        guard let position = named.firstIndex(where: { $0.name == name }) else { return nil }
        return named.remove(at: position).value
    }
}

extension Renderer {
    func evaluate(_ arguments: Expression.Arguments) throws(TemplateError) -> CallArguments {
        let positional = try evaluate(arguments.positional)
        var named: [(name: String, value: TemplateValue)] = []
        for (name, value) in arguments.named { named.append((name, try evaluate(value))) }
        return CallArguments(positional, named: named)
    }

    /// Refuses what is left of the arguments of `name`.
    func finish(_ arguments: CallArguments, of name: String) throws(TemplateError) {
        if let extra = arguments.named.first {
            throw failure("\(name)() got an unexpected keyword argument '\(extra.name)'")
        }
        guard arguments.positional.isEmpty else { throw failure("\(name)() takes fewer arguments") }
    }

    func text(_ value: TemplateValue?, _ what: String) throws(TemplateError) -> MarkedText {
        guard case .string(let text) = value else {
            throw failure("\(what) must be str, not \(value?.typeName ?? "missing")")
        }
        return text
    }

    func number(_ value: TemplateValue?, _ what: String, or standard: Int) throws(TemplateError) -> Int {
        guard let value else { return standard }
        guard let number = value.wholeNumber else { throw failure("\(what) must be int, not \(value.typeName)") }
        return number
    }
}

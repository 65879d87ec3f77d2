extension Renderer {
    static let testNames: Set<String> = [
        "defined", "undefined", "none", "string", "mapping", "iterable", "sequence", "number", "boolean", "true",
        "false",
        "integer", "float", "callable", "equalto", "eq", "ne", "lt", "le", "gt", "ge", "sameas", "in", "odd", "even",
        "divisibleby", "lower", "upper",
    ]

    func test(_ name: String, _ value: TemplateValue, _ arguments: CallArguments) throws(TemplateError) -> Bool {
        var arguments = arguments
        let result: Bool
        if let comparison = Self.comparisons[name] {
            guard let other = arguments.next("other") else { throw failure("test '\(name)' needs a value") }
            result = try holds(comparison, value, other)
        } else {
            switch name {
            case "sameas": result = try isSame(value, arguments.next("other") ?? .none)
            case "divisibleby":
                guard let divisor = arguments.next("num") else { throw failure("divisibleby needs a number") }
                result = try areEqual(try apply(.modulo, value, divisor), .integer(0))
            case "odd", "even":
                result = try areEqual(try apply(.modulo, value, .integer(2)), .integer(name == "odd" ? 1 : 0))
            default: result = isOfKind(name, value)
            }
        }
        try finish(arguments, of: name)
        return result
    }

    private static let comparisons: [String: Expression.Comparison] = [
        "equalto": .equal, "eq": .equal, "ne": .notEqual, "lt": .less, "le": .lessOrEqual, "gt": .greater,
        "ge": .greaterOrEqual, "in": .contained,
    ]

    private func isSame(_ left: TemplateValue, _ right: TemplateValue) throws(TemplateError) -> Bool {
        left.typeName == right.typeName ? try areEqual(left, right) : false
    }

    private func isOfKind(_ name: String, _ value: TemplateValue) -> Bool {
        switch (name, value) {
        case ("undefined", .undefined), ("none", .none), ("string", .string), ("boolean", .bool), ("float", .double):
            true
        case ("mapping", .dictionary), ("callable", .function), ("callable", .method): true
        case ("defined", .undefined): false
        case ("defined", _): true
        case ("true", .bool(let bool)): bool
        case ("false", .bool(let bool)): !bool
        case ("integer", .integer): true
        case ("number", _): value.number != nil
        // Jinja's undefined can be gone over, and has a length and elements.
        case ("iterable", .string), ("iterable", .list), ("iterable", .dictionary), ("iterable", .undefined): true
        case ("sequence", .string), ("sequence", .list), ("sequence", .dictionary), ("sequence", .undefined): true
        case ("lower", .string(let text)): text.bytes == text.lowercased.bytes && text.bytes != text.uppercased.bytes
        case ("upper", .string(let text)): text.bytes == text.uppercased.bytes && text.bytes != text.lowercased.bytes
        default: false
        }
    }
}

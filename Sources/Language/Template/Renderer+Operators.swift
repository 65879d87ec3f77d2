import Foundation

extension Renderer {
    func negated(_ value: TemplateValue) throws(TemplateError) -> TemplateValue {
        if case .double(let double) = value { return .double(-double) }
        guard let number = value.wholeNumber, number != .min else {
            throw failure("bad operand type for unary -: '\(value.typeName)'")
        }
        return .integer(-number)
    }

    func apply(
        _ operation: Expression.Arithmetic, _ left: TemplateValue, _ right: TemplateValue
    ) throws(TemplateError) -> TemplateValue {
        if case .undefined(let words) = left { throw failure(words) }
        if case .undefined(let words) = right { throw failure(words) }
        if let left = left.wholeNumber, let right = right.wholeNumber { return try apply(operation, left, right) }
        if let left = left.number, let right = right.number { return try apply(operation, left, right) }
        switch (operation, left, right) {
        case (.add, .string(let first), .string(let second)):
            try reserve(bytes: first.count + second.count)
            var text = first
            text.append(second)
            return .string(text)
        case (.add, .list(let first), .list(let second)) where first.isTuple == second.isTuple:
            try spend(first.items.count + second.items.count)
            return .list(TemplateList(first.items + second.items, isTuple: first.isTuple))
        case (.multiply, .string(let text), _) where right.wholeNumber != nil:
            return .string(try repeated(text, right.wholeNumber ?? 0))
        case (.multiply, .list(let list), _) where right.wholeNumber != nil:
            return try repeated(list, right.wholeNumber ?? 0)
        case (.multiply, _, .string), (.multiply, _, .list):
            guard left.wholeNumber != nil else { break }
            return try apply(operation, right, left)
        case (.add, .string, _):
            throw failure("can only concatenate str (not \"\(right.typeName)\") to str")
        case (.add, .list, _):
            throw failure("can only concatenate \(left.typeName) (not \"\(right.typeName)\") to \(left.typeName)")
        default: break
        }
        throw failure(
            "unsupported operand type(s) for \(operation.rawValue): '\(left.typeName)' and '\(right.typeName)'")
    }

    private func repeated(_ text: MarkedText, _ count: Int) throws(TemplateError) -> MarkedText {
        guard count > 0, !text.isEmpty else { return MarkedText() }
        let (bytes, overflows) = text.count.multipliedReportingOverflow(by: count)
        try reserve(bytes: overflows ? .max : bytes)
        return MarkedText.joined(Array(repeating: text, count: count), separator: MarkedText())
    }

    private func repeated(_ list: TemplateList, _ count: Int) throws(TemplateError) -> TemplateValue {
        let (items, overflows) = list.items.count.multipliedReportingOverflow(by: max(0, count))
        try spend(overflows ? .max : items)
        var result: [TemplateValue] = []
        for _ in 0..<(items == 0 ? 0 : count) { result += list.items }
        return .list(TemplateList(result, isTuple: list.isTuple))
    }

    private func apply(
        _ operation: Expression.Arithmetic, _ left: Int, _ right: Int
    ) throws(TemplateError) -> TemplateValue {
        let result: (partialValue: Int, overflow: Bool)
        switch operation {
        case .add: result = left.addingReportingOverflow(right)
        case .subtract: result = left.subtractingReportingOverflow(right)
        case .multiply: result = left.multipliedReportingOverflow(by: right)
        case .divide:
            guard right != 0 else { throw failure("division by zero") }
            return .double(Double(left) / Double(right))
        case .floorDivide, .modulo:
            guard right != 0 else { throw failure("integer division or modulo by zero") }
            result = floorDivided(left, right, wantsRest: operation == .modulo)
        case .power:
            guard right >= 0 else { return try apply(operation, Double(left), Double(right)) }
            result = power(left, right)
        }
        guard !result.overflow else { throw failure("integer result is out of range") }
        return .integer(result.partialValue)
    }

    /// Rounds down, so that the rest has the divisor's sign.
    private func floorDivided(_ left: Int, _ right: Int, wantsRest: Bool) -> (partialValue: Int, overflow: Bool) {
        let (quotient, overflow) = left.dividedReportingOverflow(by: right)
        if overflow { return (0, !wantsRest) }
        let rest = left % right
        let isOff = rest != 0 && (rest < 0) != (right < 0)
        return (wantsRest ? (isOff ? rest + right : rest) : (isOff ? quotient - 1 : quotient), false)
    }

    private func power(_ base: Int, _ exponent: Int) -> (partialValue: Int, overflow: Bool) {
        if base == 1 || exponent == 0 { return (1, false) }
        if base == 0 { return (0, false) }
        if base == -1 { return (exponent % 2 == 0 ? 1 : -1, false) }
        var result: (partialValue: Int, overflow: Bool) = (1, false)
        for _ in 0..<min(exponent, 64) where !result.overflow {
            result = result.partialValue.multipliedReportingOverflow(by: base)
        }
        return result
    }

    private func apply(
        _ operation: Expression.Arithmetic, _ left: Double, _ right: Double
    ) throws(TemplateError) -> TemplateValue {
        switch operation {
        case .add: return .double(left + right)
        case .subtract: return .double(left - right)
        case .multiply: return .double(left * right)
        case .power: return .double(pow(left, right))
        case .divide, .floorDivide, .modulo:
            guard right != 0 else { throw failure("float division by zero") }
            let quotient = (left / right).rounded(.down)
            if operation == .divide { return .double(left / right) }
            return .double(operation == .floorDivide ? quotient : left - quotient * right)
        }
    }

    // MARK: Comparison

    /// A chain: `a < b < c` compares b once with each side.
    func holds(
        _ first: Expression, _ operands: [(operation: Expression.Comparison, operand: Expression)]
    ) throws(TemplateError) -> Bool {
        var left = try evaluate(first)
        for (operation, operand) in operands {
            let right = try evaluate(operand)
            guard try holds(operation, left, right) else { return false }
            left = right
        }
        return true
    }

    func holds(
        _ operation: Expression.Comparison, _ left: TemplateValue, _ right: TemplateValue
    ) throws(TemplateError) -> Bool {
        switch operation {
        case .equal: try areEqual(left, right)
        case .notEqual: try !areEqual(left, right)
        case .contained: try contains(right, left)
        case .notContained: try !contains(right, left)
        case .less: try order(left, right, operation) < 0
        case .lessOrEqual: try order(left, right, operation) <= 0
        case .greater: try order(left, right, operation) > 0
        case .greaterOrEqual: try order(left, right, operation) >= 0
        }
    }

    func areEqual(_ left: TemplateValue, _ right: TemplateValue) throws(TemplateError) -> Bool {
        try spend()
        try enter()
        defer { leave() }
        if let left = left.wholeNumber, let right = right.wholeNumber { return left == right }
        if let left = left.number, let right = right.number { return left == right }
        switch (left, right) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.string(let left), .string(let right)):
            try spend(min(left.count, right.count) / 64)
            return left.bytes == right.bytes
        case (.list(let left), .list(let right)):
            guard left.items.count == right.items.count, left.isTuple == right.isTuple else { return false }
            for (left, right) in zip(left.items, right.items) where try !areEqual(left, right) { return false }
            return true
        case (.dictionary(let left), .dictionary(let right)):
            guard left.count == right.count else { return false }
            for entry in left.entries {
                guard let other = right[entry.key], try areEqual(entry.value, other) else { return false }
            }
            return true
        case (.namespace(let left), .namespace(let right)): return left === right
        default: return false
        }
    }

    func contains(_ container: TemplateValue, _ value: TemplateValue) throws(TemplateError) -> Bool {
        switch container {
        case .string(let text):
            guard case .string(let part) = value else {
                throw failure("'in <string>' requires string as left operand, not \(value.typeName)")
            }
            try spend(text.count / 16)
            return text.firstOffset(of: part) != nil
        case .dictionary(let dictionary): return dictionary[value] != nil
        case .list(let list):
            for item in list.items where try areEqual(item, value) { return true }
            return false
        case .undefined: return false
        default: throw failure("argument of type '\(container.typeName)' is not iterable")
        }
    }

    /// Below, equal or above 0.
    private func order(
        _ left: TemplateValue, _ right: TemplateValue, _ operation: Expression.Comparison
    ) throws(TemplateError) -> Int {
        if case .undefined(let words) = left { throw failure(words) }
        if case .undefined(let words) = right { throw failure(words) }
        guard let order = try order(left, right) else {
            throw failure(
                "'\(operation.rawValue)' not supported between instances of '\(left.typeName)' and '\(right.typeName)'")
        }
        return order
    }

    /// nil where Python has no order for the two.
    func order(_ left: TemplateValue, _ right: TemplateValue) throws(TemplateError) -> Int? {
        try spend()
        if let left = left.number, let right = right.number { return left < right ? -1 : left > right ? 1 : 0 }
        switch (left, right) {
        case (.string(let left), .string(let right)):
            // UTF-8 sorts like code points.
            if left.bytes == right.bytes { return 0 }
            return left.bytes.lexicographicallyPrecedes(right.bytes) ? -1 : 1
        case (.list(let left), .list(let right)):
            try enter()
            defer { leave() }
            for (left, right) in zip(left.items, right.items) {
                guard let order = try order(left, right) else { return nil }
                if order != 0 { return order }
            }
            return left.items.count - right.items.count
        default: return nil
        }
    }
}

extension Renderer {
    func evaluate(_ expression: Expression) throws(TemplateError) -> TemplateValue {
        try spend()
        try enter()
        defer { leave() }
        switch expression {
        case .literal(let literal): return value(of: literal)
        case .name(let name): return scope[name] ?? .undefined("'\(name)' is undefined")
        case .list(let elements): return .list(try evaluate(elements))
        case .tuple(let elements): return .list(TemplateList(try evaluate(elements), isTuple: true))
        case .dictionary(let members): return try dictionary(members)
        case .not(let operand): return .bool(!(try evaluate(operand).isTrue))
        case .negate(let operand): return try negated(try evaluate(operand))
        case .all(let operands): return try firstDeciding(operands, stopsAt: false)
        case .any(let operands): return try firstDeciding(operands, stopsAt: true)
        case .concatenate(let operands): return try concatenated(operands)
        case .arithmetic(let first, let operands):
            var result = try evaluate(first)
            for (operation, operand) in operands { result = try apply(operation, result, try evaluate(operand)) }
            return result
        case .compare(let first, let operands): return .bool(try holds(first, operands))
        case .conditional(let value, let condition, let otherwise):
            if try evaluate(condition).isTrue { return try evaluate(value) }
            return try otherwise.map { (other) throws(TemplateError) in try evaluate(other) }
                ?? .undefined("the inline if-expression evaluated to false and no else section was defined.")
        case .suffixed(let base, let suffixes): return try apply(suffixes, to: try evaluate(base))
        }
    }

    private func value(of literal: Expression.Literal) -> TemplateValue {
        switch literal {
        case .none: .none
        case .bool(let bool): .bool(bool)
        case .integer(let integer): .integer(integer)
        case .double(let double): .double(double)
        case .string(let text): .string(text)
        }
    }

    func evaluate(_ expressions: [Expression]) throws(TemplateError) -> [TemplateValue] {
        var values: [TemplateValue] = []
        values.reserveCapacity(expressions.count)
        for expression in expressions { values.append(try evaluate(expression)) }
        return values
    }

    private func dictionary(
        _ members: [(key: Expression, value: Expression)]
    ) throws(TemplateError) -> TemplateValue {
        var dictionary = TemplateDictionary()
        for (key, value) in members {
            let key = try evaluate(key)
            guard dictionary.insert(key, try evaluate(value)) else {
                throw failure("unhashable type: '\(key.typeName)'")
            }
        }
        return .dictionary(dictionary)
    }

    /// `and` and `or` give the operand that decides, as in Python.
    private func firstDeciding(_ operands: [Expression], stopsAt: Bool) throws(TemplateError) -> TemplateValue {
        var value = TemplateValue.none
        for operand in operands {
            value = try evaluate(operand)
            if value.isTrue == stopsAt { return value }
        }
        return value
    }

    private func concatenated(_ operands: [Expression]) throws(TemplateError) -> TemplateValue {
        var text = MarkedText()
        for operand in operands {
            let part = try printed(try evaluate(operand))
            try reserve(bytes: text.count + part.count)
            text.append(part)
        }
        return .string(text)
    }

    // MARK: Suffixes

    func apply(_ suffixes: [Expression.Suffix], to base: TemplateValue) throws(TemplateError) -> TemplateValue {
        var value = base
        for suffix in suffixes {
            try spend()
            switch suffix {
            case .attribute(let name): value = try attribute(name, of: value)
            case .subscript_(let index): value = try element(try evaluate(index), of: value)
            case .slice(let start, let end, let step): value = try slice(value, start, end, step)
            case .call(let arguments): value = try call(value, try evaluate(arguments))
            case .filter(let name, let arguments): value = try filter(name, value, try evaluate(arguments))
            case .test(let name, let arguments, let isNegated):
                value = .bool(try test(name, value, try evaluate(arguments)) != isNegated)
            }
        }
        return value
    }

    /// `x.name`: a method first, then a member, as Jinja asks Python.
    private func attribute(_ name: String, of value: TemplateValue) throws(TemplateError) -> TemplateValue {
        switch value {
        case .undefined(let words): throw failure(words)
        case .loop(let loop): return attribute(name, of: loop)
        case .namespace(let namespace): if let member = namespace.members[name] { return member }
        case .dictionary(let dictionary):
            if Self.hasMethod(name, value) { return .method(value, name) }
            if let member = dictionary[name] { return member }
        default: if Self.hasMethod(name, value) { return .method(value, name) }
        }
        return missing(name, in: value)
    }

    private func missing(_ name: String, in value: TemplateValue) -> TemplateValue {
        if case .none = value { return .undefined("'None' has no attribute '\(name)'") }
        return .undefined("'\(value.typeName) object' has no attribute '\(name)'")
    }

    /// `x[index]`: an element first, then, for a text, an attribute.
    func element(_ index: TemplateValue, of value: TemplateValue) throws(TemplateError) -> TemplateValue {
        switch value {
        case .undefined(let words): throw failure(words)
        case .dictionary(let dictionary): if let member = dictionary[index] { return member }
        case .list(let list):
            if let position = position(index, count: list.items.count) { return list.items[position] }
        case .string(let text):
            try spend(text.count / 16)
            let offsets = text.scalarOffsets
            if let position = position(index, count: offsets.count - 1) {
                return .string(text[offsets[position]..<offsets[position + 1]])
            }
        default: break
        }
        guard case .string(let name) = index else {
            return .undefined("\(value.typeName) object has no element \(try printed(index).string)")
        }
        if case .dictionary = value, !Self.hasMethod(name.string, value) { return missing(name.string, in: value) }
        return try attribute(name.string, of: value)
    }

    private func position(_ index: TemplateValue, count: Int) -> Int? {
        guard let index = index.wholeNumber else { return nil }
        let position = index < 0 ? index &+ count : index
        return (0..<count).contains(position) ? position : nil
    }

    private func attribute(_ name: String, of loop: TemplateLoop) -> TemplateValue {
        let count = loop.items.items.count
        switch name {
        case "index": return .integer(loop.index + 1)
        case "index0": return .integer(loop.index)
        case "revindex": return .integer(count - loop.index)
        case "revindex0": return .integer(count - loop.index - 1)
        case "first": return .bool(loop.index == 0)
        case "last": return .bool(loop.index == count - 1)
        case "length": return .integer(count)
        case "depth": return .integer(loop.depth)
        case "depth0": return .integer(loop.depth - 1)
        case "previtem":
            return loop.index > 0 ? loop.items.items[loop.index - 1] : .undefined("there is no previous item")
        case "nextitem":
            return loop.index + 1 < count ? loop.items.items[loop.index + 1] : .undefined("there is no next item")
        case "cycle": return .method(.loop(loop), name)
        default: return .undefined("'LoopContext object' has no attribute '\(name)'")
        }
    }

    // MARK: Slices

    private func slice(
        _ value: TemplateValue, _ start: Expression?, _ end: Expression?, _ step: Expression?
    ) throws(TemplateError) -> TemplateValue {
        let bounds = (try bound(start), try bound(end), try bound(step) ?? 1)
        guard bounds.2 != 0 else { throw failure("slice step cannot be zero") }
        switch value {
        case .undefined(let words): throw failure(words)
        case .list(let list):
            let chosen = Self.positions(bounds, count: list.items.count)
            try spend(chosen.count)
            return .list(TemplateList(chosen.map { list.items[$0] }, isTuple: list.isTuple))
        case .string(let text):
            try reserve(bytes: text.count)
            if bounds.2 == 1 { try spend(text.count / 16) } else { try spend(onScalarsOf: text) }
            let offsets = text.scalarOffsets
            let chosen = Self.positions(bounds, count: offsets.count - 1)
            if bounds.2 == 1 {
                guard let first = chosen.first, let last = chosen.last else { return .string(MarkedText()) }
                return .string(text[offsets[first]..<offsets[last + 1]])
            }
            var result = MarkedText()
            for position in chosen { result.append(text[offsets[position]..<offsets[position + 1]]) }
            return .string(result)
        default: throw failure("'\(value.typeName)' object is not subscriptable")
        }
    }

    private func bound(_ expression: Expression?) throws(TemplateError) -> Int? {
        guard let expression else { return nil }
        let value = try evaluate(expression)
        if case .none = value { return nil }
        guard let number = value.wholeNumber else { throw failure("slice indices must be integers or None") }
        return number
    }

    /// Python's rule: bounds beyond the ends are the ends.
    private static func positions(_ bounds: (Int?, Int?, Int), count: Int) -> [Int] {
        let (start, end, step) = bounds
        func clamped(_ bound: Int, _ low: Int, _ high: Int) -> Int {
            let position = bound < 0 ? bound &+ count : bound
            return min(max(position, low), high)
        }
        // A step beyond the length takes the first element only, like the length itself.
        let stride = max(-count - 1, min(step, count + 1))
        if step > 0 {
            let low = start.map { clamped($0, 0, count) } ?? 0
            let high = end.map { clamped($0, 0, count) } ?? count
            return low < high ? Array(Swift.stride(from: low, to: high, by: stride)) : []
        }
        let high = start.map { clamped($0, -1, count - 1) } ?? count - 1
        let low = end.map { clamped($0, -1, count - 1) } ?? -1
        return high > low ? Array(Swift.stride(from: high, to: low, by: stride)) : []
    }

    // MARK: Sequences

    /// What a loop goes over: items, keys, characters.
    func elements(of value: TemplateValue) throws(TemplateError) -> [TemplateValue] {
        switch value {
        case .undefined: return []
        case .list(let list):
            try spend(list.items.count / 8)
            return list.items
        case .dictionary(let dictionary):
            try spend(dictionary.count)
            return dictionary.entries.map(\.key)
        case .string(let text):
            try spend(text.count)
            let offsets = text.scalarOffsets
            return zip(offsets, offsets.dropFirst()).map { .string(text[$0..<$1]) }
        default: throw failure("'\(value.typeName)' object is not iterable")
        }
    }
}

import Foundation

extension Renderer {
    /// Filters that compare items. Texts compare without case unless `case_sensitive` says otherwise.
    func ordered(
        _ name: String, _ value: TemplateValue, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        var arguments = arguments
        switch name {
        case "sum": return try sum(value, arguments)
        case "dictsort": return try sortedEntries(value, arguments)
        default: break
        }
        let isReversed = name == "sort" ? arguments.next("reverse")?.isTrue ?? false : false
        let isExact = arguments.next("case_sensitive")?.isTrue ?? false
        let path = arguments.next("attribute")
        try finish(arguments, of: name)
        let items = try elements(of: value)
        var keyed: [(key: TemplateValue, item: TemplateValue)] = []
        for item in items {
            let key = try path.map { (path) throws(TemplateError) in try element(path, of: item) } ?? item
            keyed.append((isExact ? key : folded(key), item))
        }
        if name == "unique" { return .list(try unique(keyed)) }
        keyed = try sorted(keyed, isReversed: isReversed)
        switch name {
        case "min": return keyed.first?.item ?? .undefined("No aggregated item, sequence was empty.")
        case "max": return keyed.last?.item ?? .undefined("No aggregated item, sequence was empty.")
        default: return .list(keyed.map(\.item))
        }
    }

    private func folded(_ value: TemplateValue) -> TemplateValue {
        if case .string(let text) = value { .string(text.lowercased) } else { value }
    }

    private func unique(_ keyed: [(key: TemplateValue, item: TemplateValue)]) throws(TemplateError) -> [TemplateValue] {
        var seen = TemplateDictionary()
        var result: [TemplateValue] = []
        for (key, item) in keyed where seen[key] == nil {
            guard seen.insert(key, .none) else { throw failure("unhashable type: '\(key.typeName)'") }
            result.append(item)
        }
        return result
    }

    /// A stable merge sort: the comparison can fail, which the standard library's cannot with a typed error.
    private func sorted(
        _ items: [(key: TemplateValue, item: TemplateValue)], isReversed: Bool
    ) throws(TemplateError) -> [(key: TemplateValue, item: TemplateValue)] {
        var source = items
        var width = 1
        while width < source.count {
            var merged: [(key: TemplateValue, item: TemplateValue)] = []
            merged.reserveCapacity(source.count)
            for start in stride(from: 0, to: source.count, by: width * 2) {
                let middle = min(start + width, source.count)
                let end = min(start + width * 2, source.count)
                var (left, right) = (start, middle)
                while left < middle || right < end {
                    var takesLeft = right >= end
                    if left < middle, right < end {
                        let order = try requiredOrder(source[left].key, source[right].key)
                        takesLeft = isReversed ? order >= 0 : order <= 0
                    }
                    merged.append(source[takesLeft ? left : right])
                    if takesLeft { left += 1 } else { right += 1 }
                }
            }
            source = merged
            width *= 2
        }
        return source
    }

    private func requiredOrder(_ left: TemplateValue, _ right: TemplateValue) throws(TemplateError) -> Int {
        guard let order = try order(left, right) else {
            throw failure("'<' not supported between instances of '\(left.typeName)' and '\(right.typeName)'")
        }
        return order
    }

    private func sum(_ value: TemplateValue, _ arguments: CallArguments) throws(TemplateError) -> TemplateValue {
        var arguments = arguments
        let path = arguments.next("attribute")
        var total = arguments.next("start") ?? .integer(0)
        try finish(arguments, of: "sum")
        for item in try elements(of: value) {
            let part = try path.map { (path) throws(TemplateError) in try element(path, of: item) } ?? item
            total = try apply(.add, total, part)
        }
        return total
    }

    /// `dictsort(case_sensitive=False, by='key', reverse=False)`
    private func sortedEntries(
        _ value: TemplateValue, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        var arguments = arguments
        let isExact = arguments.next("case_sensitive")?.isTrue ?? false
        let by = try text(arguments.next("by") ?? .text("key"), "by").string
        let isReversed = arguments.next("reverse")?.isTrue ?? false
        try finish(arguments, of: "dictsort")
        guard case .dictionary(let dictionary) = value else { throw failure("dictsort needs a mapping") }
        guard by == "key" || by == "value" else {
            throw failure("You can only sort by either \"key\" or \"value\"")
        }
        let keyed = dictionary.entries.map { entry in
            let key = by == "key" ? entry.key : entry.value
            let pair = TemplateValue.list(TemplateList([entry.key, entry.value], isTuple: true))
            return (key: isExact ? key : folded(key), item: pair)
        }
        return .list(try sorted(keyed, isReversed: isReversed).map(\.item))
    }

    // MARK: Numbers

    func numeric(_ name: String, _ value: TemplateValue, _ arguments: CallArguments) throws(TemplateError)
        -> TemplateValue
    {
        var arguments = arguments
        switch name {
        case "int":
            let standard = arguments.next("default") ?? .integer(0)
            let base = try number(arguments.next("base"), "base", or: 10)
            try finish(arguments, of: name)
            guard (2...36).contains(base) else { throw failure("int() base must be >= 2 and <= 36") }
            return integer(value, base: base) ?? standard
        case "float":
            let standard = arguments.next("default") ?? .double(0)
            try finish(arguments, of: name)
            if case .string(let text) = value {
                return Double(text.trimmed(nil).string).map { .double($0) } ?? standard
            }
            return value.number.map { .double($0) } ?? standard
        case "abs":
            try finish(arguments, of: name)
            if case .double(let double) = value { return .double(abs(double)) }
            guard let number = value.wholeNumber, number != .min else {
                throw failure("bad operand type for abs(): '\(value.typeName)'")
            }
            return .integer(abs(number))
        default: return try rounded(value, arguments)
        }
    }

    private func integer(_ value: TemplateValue, base: Int) -> TemplateValue? {
        switch value {
        case .double(let double): return Int(exactly: double.rounded(.towardZero)).map { .integer($0) }
        case .string(let text):
            let digits = text.trimmed(nil).string
            if let number = Int(digits, radix: base) { return .integer(number) }
            return Double(digits).flatMap { Int(exactly: $0.rounded(.towardZero)) }.map { .integer($0) }
        default: return value.wholeNumber.map { .integer($0) }
        }
    }

    /// `round(precision=0, method='common')`; Python rounds halves to even and so does this. The result is a float.
    private func rounded(_ value: TemplateValue, _ arguments: CallArguments) throws(TemplateError) -> TemplateValue {
        var arguments = arguments
        let precision = try number(arguments.next("precision"), "precision", or: 0)
        let method = try text(arguments.next("method") ?? .text("common"), "method").string
        try finish(arguments, of: "round")
        guard let number = value.number, (-300...300).contains(precision) else {
            throw failure("type \(value.typeName) doesn't define __round__ method")
        }
        let rules: [String: FloatingPointRoundingRule] = ["common": .toNearestOrEven, "ceil": .up, "floor": .down]
        guard let rule = rules[method] else { throw failure("method must be common, ceil or floor") }
        let scale = pow(10, Double(precision))
        let result = (number * scale).rounded(rule) / scale
        return .double(result.isFinite ? result : number)
    }
}

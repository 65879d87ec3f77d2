extension Renderer {
    /// Python's methods of `str`, those that chat templates use.
    func call(
        _ name: String, of text: MarkedText, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        try reserve(bytes: text.count)
        if !Self.cheapMethods.contains(name) { try spend(onScalarsOf: text) }
        var arguments = arguments
        let result: TemplateValue
        switch name {
        case "strip", "lstrip", "rstrip":
            let characters = try optionalText(arguments.next("chars"), name)
            result = .string(text.trimmed(characters, leading: name != "rstrip", trailing: name != "lstrip"))
        case "split", "rsplit":
            result = try split(text, fromEnd: name == "rsplit", &arguments)
        case "splitlines":
            result = .list(text.trimmedLineEnd.split(MarkedText("\n", .template)).map { .string($0) })
        case "startswith", "endswith":
            result = .bool(try hasAffix(text, arguments.next("prefix"), atEnd: name == "endswith"))
        case "upper": result = .string(text.uppercased)
        case "lower": result = .string(text.lowercased)
        case "title": result = .string(text.titled { !$0.properties.isAlphabetic })
        case "capitalize": result = .string(text.capitalized)
        case "replace": result = .string(try replaced(text, &arguments))
        case "find":
            let part = try self.text(arguments.next("sub"), "the argument of find()")
            result = .integer(text.firstOffset(of: part).map { text[0..<$0].scalarOffsets.count - 1 } ?? -1)
        case "count":
            let part = try self.text(arguments.next("sub"), "the argument of count()")
            result = .integer(part.isEmpty ? text.scalarOffsets.count : text.split(part).count - 1)
        case "join": result = .string(try joined(arguments.next("iterable") ?? .none, separator: text))
        case "removeprefix", "removesuffix":
            let affix = try self.text(arguments.next("affix"), "the argument of \(name)()")
            result = .string(removing(affix, of: text, atEnd: name == "removesuffix"))
        case "isdigit":
            result = .bool(
                !text.isEmpty && text.string.unicodeScalars.allSatisfy { $0.properties.numericType == .decimal })
        case "isspace":
            result = .bool(!text.isEmpty && text.trimmed(nil).isEmpty)
        default: throw failure("'str' object has no attribute '\(name)'")
        }
        try finish(arguments, of: name)
        return result
    }

    /// Those that look at the ends only.
    private static let cheapMethods: Set<String> = [
        "strip", "lstrip", "rstrip", "startswith", "endswith", "removeprefix", "removesuffix",
    ]

    private func optionalText(_ value: TemplateValue?, _ name: String) throws(TemplateError) -> MarkedText? {
        guard let value else { return nil }
        if case .none = value { return nil }
        return try text(value, "the argument of \(name)()")
    }

    private func split(
        _ text: MarkedText, fromEnd: Bool, _ arguments: inout CallArguments
    ) throws(TemplateError) -> TemplateValue {
        let separator = try optionalText(arguments.next("sep"), "split")
        let given = try number(arguments.next("maxsplit"), "maxsplit", or: -1)
        let limit = given < 0 ? Int.max : given
        guard let separator else {
            guard !fromEnd || limit == .max else { throw failure("rsplit() with maxsplit needs a separator") }
            return .list(text.splitAtSpace(limit: limit).map { .string($0) })
        }
        guard !separator.isEmpty else { throw failure("empty separator") }
        var pieces = text.split(separator, limit: fromEnd ? .max : limit)
        if fromEnd, limit < pieces.count - 1 {
            let head = pieces.prefix(pieces.count - limit)
            pieces = [MarkedText.joined(Array(head), separator: separator)] + pieces.suffix(limit)
        }
        try spend(pieces.count)
        return .list(pieces.map { .string($0) })
    }

    /// One affix or a tuple of them.
    private func hasAffix(_ text: MarkedText, _ affix: TemplateValue?, atEnd: Bool) throws(TemplateError) -> Bool {
        if case .list(let list) = affix {
            for item in list.items where try hasAffix(text, item, atEnd: atEnd) { return true }
            return false
        }
        let affix = try self.text(affix, "the argument of startswith() or endswith()")
        return atEnd ? text.hasSuffix(affix) : text.hasPrefix(affix)
    }

    private func removing(_ affix: MarkedText, of text: MarkedText, atEnd: Bool) -> MarkedText {
        if atEnd { return text.hasSuffix(affix) ? text[0..<text.count - affix.count] : text }
        return text.hasPrefix(affix) ? text[affix.count..<text.count] : text
    }

    /// `replace(old, new, count)`; an empty `old` stands between all characters.
    func replaced(_ text: MarkedText, _ arguments: inout CallArguments) throws(TemplateError) -> MarkedText {
        let old = try self.text(arguments.next("old"), "replace() argument 1")
        let new = try self.text(arguments.next("new"), "replace() argument 2")
        let given: Int
        if let count = arguments.next("count"), !isNone(count) {
            given = try number(count, "replace() argument 3", or: -1)
        } else {
            given = -1
        }
        let limit = given < 0 ? Int.max : given
        var pieces: [MarkedText]
        if old.isEmpty {
            try checkGrowth(of: text, by: new, times: min(limit, text.count) + 1)
            let offsets = [0] + text.scalarOffsets.prefix(limit)
            pieces = zip(offsets, offsets.dropFirst() + [text.count]).map { text[$0..<$1] }
        } else {
            pieces = text.split(old, limit: limit)
        }
        try checkGrowth(of: text, by: new, times: pieces.count)
        return MarkedText.joined(pieces, separator: new)
    }

    private func checkGrowth(of text: MarkedText, by new: MarkedText, times count: Int) throws(TemplateError) {
        let (growth, overflows) = new.count.multipliedReportingOverflow(by: count)
        try reserve(bytes: overflows ? .max : text.count + growth)
    }

    private func isNone(_ value: TemplateValue) -> Bool {
        if case .none = value { true } else { false }
    }

    /// Items as text with a separator between.
    func joined(_ sequence: TemplateValue, separator: MarkedText) throws(TemplateError) -> MarkedText {
        var result = MarkedText()
        for (position, item) in try elements(of: sequence).enumerated() {
            let piece = try printed(item)
            try reserve(bytes: result.count + separator.count + piece.count)
            if position > 0 { result.append(separator) }
            result.append(piece)
        }
        return result
    }
}

extension MarkedText {
    fileprivate var trimmedLineEnd: MarkedText { bytes.last == 0x0A ? self[0..<count - 1] : self }
}

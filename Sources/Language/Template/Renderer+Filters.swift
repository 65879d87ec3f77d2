extension Renderer {
    static let filterNames: Set<String> = [
        "trim", "tojson", "join", "items", "length", "count", "reject", "select", "rejectattr", "selectattr", "map",
        "list",
        "string", "int", "float", "default", "d", "upper", "lower", "title", "capitalize", "replace", "first", "last",
        "unique", "sort", "dictsort", "reverse", "indent", "safe", "round", "abs", "sum", "min", "max", "escape", "e",
    ]

    func filter(
        _ name: String, _ value: TemplateValue, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        var arguments = arguments
        switch name {
        case "select", "reject", "selectattr", "rejectattr": return try select(name, value, arguments)
        case "map": return try map(value, arguments)
        case "tojson": return try json(value, arguments)
        case "default", "d": return try standard(value, arguments)
        case "sort", "unique", "min", "max", "sum", "dictsort": return try ordered(name, value, arguments)
        case "int", "float", "round", "abs": return try numeric(name, value, arguments)
        case "join":
            let separator = try printed(arguments.next("d") ?? .text(""))
            var items = try elements(of: value)
            if let attribute = arguments.next("attribute") { items = try members(attribute, of: items) }
            try finish(arguments, of: name)
            return .string(try joined(.list(items), separator: separator))
        case "items":
            try finish(arguments, of: name)
            if case .undefined = value { return .list([]) }
            guard case .dictionary(let dictionary) = value else {
                throw failure("Can only get item pairs from a mapping.")
            }
            return try entries(of: dictionary, "items")
        case "upper", "lower", "title", "capitalize", "replace", "trim", "indent", "escape", "e", "safe", "string":
            return .string(try textual(name, try printed(value), arguments))
        default:
            try finish(arguments, of: name)
            return try sequence(name, value)
        }
    }

    // MARK: Text

    private func textual(
        _ name: String, _ text: MarkedText, _ arguments: CallArguments
    ) throws(TemplateError) -> MarkedText {
        try reserve(bytes: text.count)
        if name != "trim", name != "safe", name != "string" { try spend(onScalarsOf: text) }
        var arguments = arguments
        let result: MarkedText
        switch name {
        case "upper": result = text.uppercased
        case "lower": result = text.lowercased
        case "capitalize": result = text.capitalized
        case "title": result = text.titled { " \t\n\r-([{<".unicodeScalars.contains($0) }
        case "replace": result = try replaced(text, &arguments)
        case "indent": result = try indented(text, &arguments)
        case "escape", "e":
            result = text.mapScalars { Self.entities[$0] ?? String($0) }
        case "trim":
            let characters = try arguments.next("chars").map { (value) throws(TemplateError) in
                try self.text(value, "the argument of trim")
            }
            result = text.trimmed(characters)
        default: result = text
        }
        try finish(arguments, of: name)
        return result
    }

    private static let entities: [Unicode.Scalar: String] = [
        "&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&#39;", "\"": "&#34;",
    ]

    /// `indent(width=4, first=False, blank=False)`; the width may be a text.
    private func indented(_ text: MarkedText, _ arguments: inout CallArguments) throws(TemplateError) -> MarkedText {
        let width = arguments.next("width") ?? .integer(4)
        let first = arguments.next("first")?.isTrue ?? false
        let blank = arguments.next("blank")?.isTrue ?? false
        let margin: MarkedText
        if case .string(let text) = width {
            margin = text
        } else {
            let count = try number(width, "the width of indent", or: 4)
            try reserve(bytes: max(0, count))
            margin = MarkedText(String(repeating: " ", count: max(0, count)), .template)
        }
        let lines = text.split(MarkedText("\n", .template))
        let (growth, overflows) = margin.count.multipliedReportingOverflow(by: lines.count)
        try reserve(bytes: overflows ? .max : text.count + growth)
        var result = MarkedText()
        for (position, line) in lines.enumerated() {
            if position > 0 { result.append("\n") }
            if position == 0 ? first : blank || !line.isEmpty { result.append(margin) }
            result.append(line)
        }
        return result
    }

    private func json(_ value: TemplateValue, _ arguments: CallArguments) throws(TemplateError) -> TemplateValue {
        var arguments = arguments
        var options = ValueJSONWriter.Options()
        options.isASCII = arguments.next("ensure_ascii")?.isTrue ?? false
        switch arguments.next("indent") {
        case nil, .some(.none): break
        case .string(let text): options.indentation = text.string
        case let width?:
            let count = try number(width, "indent", or: 0)
            guard count <= 64 else { throw failure("indent is more than 64") }
            options.indentation = String(repeating: " ", count: max(0, count))
        }
        if options.indentation != nil { options.itemSeparator = "," }
        if case .list(let list)? = arguments.next("separators") {
            guard list.items.count == 2 else { throw failure("separators needs two texts") }
            options.itemSeparator = try text(list.items[0], "a separator").string
            options.keySeparator = try text(list.items[1], "a separator").string
        }
        options.sortsKeys = arguments.next("sort_keys")?.isTrue ?? false
        try finish(arguments, of: "tojson")
        switch ValueJSONWriter.write(value, options) {
        case .success(let text):
            try reserve(bytes: text.count)
            try spend(text.count / 8)
            return .string(text)
        case .failure(let failure): throw self.failure(failure.reason)
        }
    }

    // MARK: Sequences

    private func sequence(_ name: String, _ value: TemplateValue) throws(TemplateError) -> TemplateValue {
        switch name {
        case "length", "count":
            switch value {
            case .undefined: return .integer(0)
            case .string(let text):
                try spend(text.count / 16)
                return .integer(text.scalarOffsets.count - 1)
            case .list(let list): return .integer(list.items.count)
            case .dictionary(let dictionary): return .integer(dictionary.count)
            default: throw failure("object of type '\(value.typeName)' has no len()")
            }
        case "first": return try elements(of: value).first ?? .undefined("No first item, sequence was empty.")
        case "last": return try elements(of: value).last ?? .undefined("No last item, sequence was empty.")
        case "reverse":
            let items = Array(try elements(of: value).reversed())
            if case .string = value { return .string(try joined(.list(items), separator: MarkedText())) }
            return .list(items)
        default: return .list(try elements(of: value))
        }
    }

    private func standard(_ value: TemplateValue, _ arguments: CallArguments) throws(TemplateError) -> TemplateValue {
        var arguments = arguments
        let other = arguments.next("default_value") ?? .text("")
        let replacesFalse = arguments.next("boolean")?.isTrue ?? false
        try finish(arguments, of: "default")
        if case .undefined = value { return other }
        return replacesFalse && !value.isTrue ? other : value
    }

    /// `a.b` of each item; a number is an index.
    private func members(_ path: TemplateValue, of items: [TemplateValue]) throws(TemplateError) -> [TemplateValue] {
        var result: [TemplateValue] = []
        for item in items { result.append(try member(path, of: item)) }
        return result
    }

    private func member(_ path: TemplateValue, of item: TemplateValue) throws(TemplateError) -> TemplateValue {
        guard case .string(let path) = path else { return try element(path, of: item) }
        var value = item
        for name in path.split(MarkedText(".", .template)) {
            let index = Int(name.string).map { TemplateValue.integer($0) }
            value = try element(index ?? .string(name), of: value)
        }
        return value
    }

    private func select(
        _ name: String, _ value: TemplateValue, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        var arguments = arguments
        let keeps = name.hasPrefix("select")
        let path = name.hasSuffix("attr") ? arguments.next("attr") : nil
        if name.hasSuffix("attr"), path == nil { throw failure("\(name) needs an attribute") }
        let testName = try arguments.next("test").map { (value) throws(TemplateError) in
            try text(value, "the name of a test").string
        }
        if let testName, !Self.testNames.contains(testName) { throw failure("No test named '\(testName)'.") }
        var kept: [TemplateValue] = []
        for item in try elements(of: value) {
            try spend()
            let tested = try path.map { (path) throws(TemplateError) in try member(path, of: item) } ?? item
            let passes = try testName.map { (name) throws(TemplateError) in try test(name, tested, arguments) }
            if passes ?? tested.isTrue == keeps { kept.append(item) }
        }
        return .list(kept)
    }

    /// `map('filter', …)` or `map(attribute='a.b', default=…)`.
    private func map(_ value: TemplateValue, _ arguments: CallArguments) throws(TemplateError) -> TemplateValue {
        var arguments = arguments
        var result: [TemplateValue] = []
        let items = try elements(of: value)
        if arguments.positional.isEmpty, let path = arguments.next("attribute") {
            let standard = arguments.next("default")
            try finish(arguments, of: "map")
            for item in try members(path, of: items) {
                if case .undefined = item, let standard { result.append(standard) } else { result.append(item) }
            }
            return .list(result)
        }
        let name = try text(arguments.next("filter"), "the name of a filter").string
        guard Self.filterNames.contains(name) else { throw failure("No filter named '\(name)'.") }
        try enter()
        defer { leave() }
        for item in items {
            try spend()
            result.append(try filter(name, item, arguments))
        }
        return .list(result)
    }
}

extension Renderer {
    func call(_ callee: TemplateValue, _ arguments: CallArguments) throws(TemplateError) -> TemplateValue {
        switch callee {
        case .undefined(let words): throw failure(words)
        case .method(let receiver, let name): return try call(name, of: receiver, arguments)
        case .function(let function): return try call(function, arguments)
        default: throw failure("'\(callee.typeName)' object is not callable")
        }
    }

    private func call(_ function: TemplateFunction, _ arguments: CallArguments) throws(TemplateError) -> TemplateValue {
        var arguments = arguments
        switch function {
        case .range: return try range(arguments)
        case .dict: return .dictionary(try dictionary(arguments))
        case .namespace:
            var members: [String: TemplateValue] = [:]
            for entry in try dictionary(arguments).entries {
                members[try printed(entry.key).string] = entry.value
            }
            let namespace = TemplateNamespace(members)
            keepTrack(of: namespace)
            return .namespace(namespace)
        case .raiseException:
            let message = try printed(arguments.next("message") ?? .none)
            throw .raised(message: String(decoding: message.bytes.prefix(512), as: UTF8.self))
        case .strftimeNow:
            let format = try text(arguments.next("format"), "the format of strftime_now()")
            try finish(arguments, of: "strftime_now")
            guard format.count <= 256, let result = clock.text(format.string) else {
                throw failure("strftime_now() does not know this format")
            }
            return .text(result)
        case .macro(let macro, let scope):
            return .string(try invoke(macro, scope, arguments))
        }
    }

    private func dictionary(_ arguments: CallArguments) throws(TemplateError) -> TemplateDictionary {
        var arguments = arguments
        var result = TemplateDictionary()
        if !arguments.positional.isEmpty {
            guard case .dictionary(let first) = arguments.next("") else { throw failure("dict() takes a dict") }
            result = first
        }
        for (name, value) in arguments.named { result.insert(.text(name), value) }
        guard arguments.positional.isEmpty else { throw failure("dict expected at most 1 argument") }
        return result
    }

    private func range(_ arguments: CallArguments) throws(TemplateError) -> TemplateValue {
        var numbers: [Int] = []
        for value in arguments.positional { numbers.append(try number(value, "an argument of range()", or: 0)) }
        guard (1...3).contains(numbers.count), arguments.named.isEmpty else {
            throw failure("range expected 1 to 3 arguments, got \(numbers.count)")
        }
        let (start, end) = numbers.count == 1 ? (0, numbers[0]) : (numbers[0], numbers[1])
        let step = numbers.count == 3 ? numbers[2] : 1
        guard step != 0 else { throw failure("range() arg 3 must not be zero") }
        let values = stride(from: start, to: end, by: step).prefix(Budget.range + 1).map { TemplateValue.integer($0) }
        guard values.count <= Budget.range else {
            throw failure("Range too big. The sandbox blocks ranges larger than \(Budget.range).")
        }
        try spend(values.count)
        return .list(values)
    }

    /// The text that a macro writes. Its names are its own; it sees those of the place where it was defined.
    func invoke(
        _ macro: Statement.Macro, _ defined: TemplateScope, _ arguments: CallArguments, caller: TemplateValue? = nil
    ) throws(TemplateError) -> MarkedText {
        try enter()
        defer { leave() }
        var arguments = arguments
        let inner = TemplateScope(parent: defined)
        for parameter in macro.parameters {
            if let value = arguments.next(parameter.name) {
                inner[parameter.name] = value
            } else if let standard = parameter.standard {
                inner[parameter.name] = try evaluate(standard)
            } else {
                inner[parameter.name] = .undefined("parameter '\(parameter.name)' was not provided")
            }
        }
        inner["caller"] = caller ?? arguments.next("caller") ?? .undefined("'caller' is undefined")
        try finish(arguments, of: macro.name)
        return try capture(macro.body, in: inner)
    }

    // MARK: Methods

    private static let textMethods: Set<String> = [
        "strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "startswith", "endswith", "upper", "lower",
        "title", "capitalize", "replace", "find", "count", "join", "removeprefix", "removesuffix", "isdigit", "isspace",
    ]
    private static let listMethods: Set<String> = ["append", "index", "count"]
    private static let dictionaryMethods: Set<String> = ["items", "keys", "values", "get"]

    static func hasMethod(_ name: String, _ value: TemplateValue) -> Bool {
        switch value {
        case .string: textMethods.contains(name)
        case .list: listMethods.contains(name)
        case .dictionary: dictionaryMethods.contains(name)
        default: false
        }
    }

    private func call(
        _ name: String, of receiver: TemplateValue, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        var arguments = arguments
        switch receiver {
        case .string(let text): return try call(name, of: text, arguments)
        case .dictionary(let dictionary) where name == "get":
            let key = arguments.next("key") ?? .none
            let standard = arguments.next("default") ?? .none
            try finish(arguments, of: name)
            return dictionary[key] ?? standard
        case .dictionary(let dictionary):
            try finish(arguments, of: name)
            return try entries(of: dictionary, name)
        case .list(let list): return try call(name, of: list, arguments)
        case .loop(let loop):
            guard !arguments.positional.isEmpty else { throw failure("no items for cycling given") }
            return arguments.positional[loop.index % arguments.positional.count]
        default: throw failure("'\(receiver.typeName)' object has no method '\(name)'")
        }
    }

    func entries(of dictionary: TemplateDictionary, _ part: String) throws(TemplateError) -> TemplateValue {
        try spend(dictionary.count)
        switch part {
        case "keys": return .list(dictionary.entries.map(\.key))
        case "values": return .list(dictionary.entries.map(\.value))
        default:
            return .list(dictionary.entries.map { .list(TemplateList([$0.key, $0.value], isTuple: true)) })
        }
    }

    private func call(
        _ name: String, of list: TemplateList, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        var arguments = arguments
        guard let value = arguments.next("value") else { throw failure("\(name)() takes exactly one argument") }
        try finish(arguments, of: name)
        if name == "append" {
            guard !list.isTuple else { throw failure("'tuple' object has no attribute 'append'") }
            keepTrack(of: list)
            list.items.append(value)
            return .none
        }
        var positions: [Int] = []
        for (position, item) in list.items.enumerated() where try areEqual(item, value) { positions.append(position) }
        if name == "count" { return .integer(positions.count) }
        guard let first = positions.first else { throw failure("value is not in list") }
        return .integer(first)
    }
}

import JSON
import Yams

/// Reads one mapping of a recipe, and refuses what it was not asked for.
struct RecipeReader {
    let file: String
    /// Where the mapping stands, such as `generate`; empty for the whole recipe.
    let path: String
    private let node: Node
    private var fields: [String: Node] = [:]
    /// Every key that a caller asked for: what is allowed.
    private var known: [String] = []

    init(_ node: Node, file: String, path: String) throws(RecipeError) {
        self.file = file
        self.path = path
        self.node = node
        guard let mapping = node.mapping else { throw self.error("must be a mapping of keys to values") }
        for (key, value) in mapping { fields[key.string ?? ""] = value }
    }

    // MARK: Errors

    private func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// Something is wrong with the mapping.
    func error(_ problem: String) -> RecipeError {
        RecipeError(file: file, line: node.mark?.line, problem: path.isEmpty ? problem : "'\(path)' \(problem)")
    }

    /// Something is wrong with one of its fields.
    func error(_ key: String, _ problem: String, at place: Node? = nil) -> RecipeError {
        let line = (place ?? fields[key] ?? node).mark?.line
        return RecipeError(file: file, line: line, problem: "'\(name(key))' \(problem)")
    }

    /// Throws when the mapping has a key that nobody asked for.
    func finish() throws(RecipeError) {
        guard let unknown = fields.keys.sorted().first(where: { !known.contains($0) }) else { return }
        let guess = Spelling.nearest(to: unknown, among: known).map { "; did you mean '\($0)'?" } ?? "."
        let allowed = known.sorted().joined(separator: ", ")
        throw error(unknown, "is not known\(guess) Allowed here: \(allowed).")
    }

    // MARK: Values

    private mutating func take(_ key: String) -> Node? {
        if !known.contains(key) { known.append(key) }
        return fields[key]
    }

    mutating func has(_ key: String) -> Bool { take(key) != nil }

    private mutating func value<Value>(
        _ key: String, _ expected: String, _ read: (String) -> Value?
    ) throws(RecipeError) -> Value? {
        guard let node = take(key) else { return nil }
        guard let scalar = node.scalar, let value = read(scalar.string) else { throw wrong(key, expected, node) }
        return value
    }

    private func wrong(_ key: String, _ expected: String, _ node: Node) -> RecipeError {
        let found = node.scalar.map { "'\($0.string.prefix(60))'" } ?? (node.sequence == nil ? "a mapping" : "a list")
        return error(key, "must be \(expected), not \(found)", at: node)
    }

    mutating func string(_ key: String) throws(RecipeError) -> String? {
        try value(key, "a text") { $0.isEmpty ? nil : $0 }
    }

    mutating func integer(_ key: String, in range: ClosedRange<Int>) throws(RecipeError) -> Int? {
        try value(key, "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    mutating func number(_ key: String, in range: ClosedRange<Double>) throws(RecipeError) -> Double? {
        try value(key, "a number from \(range.lowerBound) to \(range.upperBound)") { text in
            Double(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    mutating func flag(_ key: String) throws(RecipeError) -> Bool? { try value(key, "true or false", Bool.init) }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, of type: Choice.Type
    ) throws(RecipeError) -> Choice? where Choice.RawValue == String {
        let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        return try value(key, "one of \(words)", Choice.init(rawValue:))
    }

    /// A list of texts, or one text.
    mutating func strings(_ key: String) throws(RecipeError) -> [String]? {
        guard let node = take(key) else { return nil }
        let texts = (node.sequence.map { Array($0) } ?? [node]).map(\.scalar?.string)
        guard !texts.isEmpty, !texts.contains(nil) else { throw wrong(key, "a text or a list of texts", node) }
        return texts.compactMap { $0 }
    }

    /// Any value, as JSON.
    mutating func json(_ key: String) throws(RecipeError) -> JSONValue? {
        guard let node = take(key) else { return nil }
        return JSONValue(node)
    }

    // MARK: Mappings

    mutating func section(_ key: String) throws(RecipeError) -> RecipeReader? {
        guard let node = take(key) else { return nil }
        return try RecipeReader(node, file: file, path: name(key))
    }

    /// A list of mappings, or one mapping.
    mutating func sections(_ key: String) throws(RecipeError) -> [RecipeReader] {
        guard let node = take(key) else { return [] }
        guard let sequence = node.sequence else { return [try RecipeReader(node, file: file, path: name(key))] }
        var readers: [RecipeReader] = []
        for (index, element) in sequence.enumerated() {
            readers.append(try RecipeReader(element, file: file, path: "\(name(key))[\(index)]"))
        }
        return readers
    }

    /// The mappings of a mapping whose keys are names of the user's own, in the order they were written.
    mutating func named(_ key: String) throws(RecipeError) -> [(name: String, reader: RecipeReader)] {
        guard let node = take(key) else { return [] }
        guard let mapping = node.mapping else { throw wrong(key, "a mapping of names", node) }
        var readers: [(String, RecipeReader)] = []
        for (label, value) in mapping {
            let label = label.string ?? ""
            readers.append((label, try RecipeReader(value, file: file, path: "\(name(key)).\(label)")))
        }
        return readers
    }

    /// The names of a mapping whose keys are the user's own.
    mutating func names(_ key: String) throws(RecipeError) -> [String] {
        guard let node = take(key) else { return [] }
        guard let mapping = node.mapping else { throw wrong(key, "a mapping of names", node) }
        return mapping.map { $0.key.string ?? "" }
    }
}

extension JSONValue {
    /// YAML's core types: a quoted scalar is text, `7`, `1.5`, `true` and `null` are what they look like.
    init(_ node: Node) {
        switch node {
        case .mapping(let mapping):
            self = .object(JSONObject(mapping.map { ($0.key.string ?? "", JSONValue($0.value)) }))
        case .sequence(let sequence): self = .array(sequence.map(JSONValue.init))
        case .scalar(let scalar) where scalar.style == .plain || scalar.style == .any:
            self = Self.plain(scalar.string)
        case .scalar(let scalar): self = .string(scalar.string)
        case .alias: self = .null
        }
    }

    private static func plain(_ text: String) -> JSONValue {
        switch text {
        case "", "~", "null": return .null
        case "true", "false": return .bool(text == "true")
        default: break
        }
        if let integer = Int64(text) { return .integer(integer) }
        if let number = Double(text), number.isFinite { return .number(number) }
        return .string(text)
    }
}

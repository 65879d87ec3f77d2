package import JSON

/// Turns a JSON schema (draft 2020-12) into the grammar of the documents that it allows.
///
/// Members come in the order of `properties`, between tokens stands at most a space or a line break with indentation.
/// An object with `properties` has no others unless `additionalProperties` says so: models ramble, and OpenAI's strict
/// mode asks for that word anyway. Keywords that are not enforced are refused by name.
package struct SchemaCompiler {
    /// Deepest nesting of subschemas, references followed.
    private static let depthLimit = 64
    private static let schemaLimit = 20_000

    let document: JSONValue
    private(set) var rules: [Expression] = []
    private var references: [String: Int] = [:]
    private var shared: [SharedRule: Int] = [:]
    private var formats: [String: Int] = [:]
    private var depth = 0
    private var count = 0

    init(_ document: JSONValue) { self.document = document }

    /// Documents that the schema allows.
    package static func grammar(for schema: JSONValue) throws(GrammarError) -> Grammar {
        var compiler = SchemaCompiler(schema)
        let root = try compiler.expression(of: schema, at: "")
        compiler.rules.append(root)
        return Grammar(rules: compiler.rules, root: compiler.rules.count - 1)
    }

    /// What a schema of another document allows, its rules added to `rules`.
    package static func expression(
        of schema: JSONValue, addingTo rules: inout [Expression]
    ) throws(GrammarError) -> Expression {
        var compiler = SchemaCompiler(schema)
        swap(&compiler.rules, &rules)
        defer { swap(&compiler.rules, &rules) }
        return try compiler.expression(of: schema, at: "")
    }

    // MARK: Rules

    /// Rules that a schema needs once, however often it says `string`.
    enum SharedRule: Hashable {
        case space, string, integer, number, value, object, array
    }

    mutating func rule(_ kind: SharedRule) -> Expression {
        if let number = shared[kind] { return .rule(number) }
        let number = rules.count
        rules.append(.never)
        shared[kind] = number
        rules[number] = definition(of: kind)
        return .rule(number)
    }

    mutating func rule(_ expression: Expression) -> Expression {
        rules.append(expression)
        return .rule(rules.count - 1)
    }

    /// The rule of a format, of which a schema has one: some take thousands of states.
    func rule(format: String) -> Expression? { formats[format].map(Expression.rule) }

    mutating func rule(_ expression: Expression, format: String) -> Expression {
        formats[format] = rules.count
        return rule(expression)
    }

    /// Gives a rule its content, once what it refers to is known.
    mutating func define(_ rule: Int, _ expression: Expression) { rules[rule] = expression }

    private mutating func definition(of kind: SharedRule) -> Expression {
        switch kind {
        case .space: JSONText.space
        case .string: JSONText.string
        case .integer: JSONText.integer
        case .number: JSONText.number
        case .object: object([.init(member(rule(.string), rule(.value)), .anyNumber)])
        case .array: array([], rest: rule(.value), min: 0, max: nil)
        case .value:
            .choice([
                rule(.object), rule(.array), rule(.string), rule(.number), .text("true"), .text("false"), .text("null"),
            ])
        }
    }

    // MARK: JSON's brackets

    mutating func separator() -> Expression { .sequence([.text(","), rule(.space)]) }

    mutating func member(_ name: Expression, _ value: Expression) -> Expression {
        .sequence([name, .text(":"), rule(.space), value])
    }

    mutating func object(_ members: [Expression.Member], min: Int = 0, max: Int? = nil) -> Expression {
        let inner = Expression.members(members, min: min, max: max, separator: separator())
        return .sequence([.text("{"), rule(.space), inner, rule(.space), .text("}")])
    }

    mutating func array(_ elements: [Expression], rest: Expression?, min: Int, max: Int?) -> Expression {
        let inner = Expression.elements(elements, rest: rest, min: min, max: max, separator: separator())
        return .sequence([.text("["), rule(.space), inner, rule(.space), .text("]")])
    }

    // MARK: Schemas

    /// - Parameter pointer: where the schema stands in the document (RFC 6901).
    mutating func expression(of schema: JSONValue, at pointer: String) throws(GrammarError) -> Expression {
        count += 1
        guard count <= Self.schemaLimit else { throw .tooComplex("more than \(Self.schemaLimit) subschemas") }
        depth += 1
        guard depth <= Self.depthLimit else { throw .tooComplex("subschemas nested deeper than \(Self.depthLimit)") }
        defer { depth -= 1 }
        switch schema {
        case .bool(true): return rule(.value)
        case .bool(false): return .never
        case .object(let object):
            let schema = try Schema(object, at: pointer)
            if let reference = schema.plainReference { return try self.reference(reference, at: pointer) }
            if let only = try schema.onlyConjunct() { return try expression(of: only.schema, at: only.pointer) }
            return try expression(of: try resolved(schema))
        default: throw .invalidSchema(pointer: pointer, reason: "a schema must be an object or a boolean")
        }
    }

    /// What has neither `$ref` nor `allOf`.
    private mutating func expression(of schema: Schema) throws(GrammarError) -> Expression {
        if let (keyword, value, rest) = try schema.combination() {
            var expressions: [Expression] = []
            for (choice, pointer) in try choices(keyword, value, in: schema) {
                let both: JSONValue = rest == [:] ? choice : ["allOf": [rest, choice]]
                expressions.append(try expression(of: both, at: pointer))
            }
            return .choice(expressions)
        }
        if let values = try allowedValues(schema) {
            return .choice(values.map { JSONText.document($0, space: rule(.space)) })
        }
        let types = try schema.types()
        if types == JSONType.allCases, !schema.hasConstraints { return rule(.value) }
        var choices: [Expression] = []
        for type in types { choices.append(try expression(of: schema, type)) }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func expression(of schema: Schema, _ type: JSONType) throws(GrammarError) -> Expression {
        switch type {
        case .null: .text("null")
        case .boolean: .choice([.text("true"), .text("false")])
        case .integer: try integer(schema)
        case .number: try number(schema)
        case .string: try string(schema)
        case .array: try array(schema)
        case .object: try object(schema)
        }
    }

    // MARK: References

    /// A rule of its own for each target, so that a schema may contain itself.
    private mutating func reference(_ reference: String, at pointer: String) throws(GrammarError) -> Expression {
        if let number = references[reference] { return .rule(number) }
        let (target, targetPointer) = try lookup(reference, at: pointer)
        let number = rules.count
        rules.append(.never)
        references[reference] = number
        rules[number] = try expression(of: target, at: targetPointer)
        return .rule(number)
    }

    func lookup(_ reference: String, at pointer: String) throws(GrammarError) -> (JSONValue, String) {
        let fault = { (reason: String) in GrammarError.invalidSchema(pointer: pointer + "/$ref", reason: reason) }
        guard reference == "#" || reference.hasPrefix("#/") else {
            throw fault("only references into the same document ('#/…') are supported, got '\(reference.prefix(100))'")
        }
        var value = document
        for part in reference.utf8.dropFirst(2).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        where reference != "#" {
            let name = try unescaped(part, fault)
            let inner =
                value.object?[name]
                ?? value.array.flatMap { array in
                    Int(name).flatMap { array.indices.contains($0) ? array[$0] : nil }
                }
            guard let inner else { throw fault("'\(reference.prefix(100))' leads nowhere") }
            value = inner
        }
        return (value, String(reference.dropFirst()))
    }

    /// RFC 6901's `~0` and `~1`, and percent-encoding, as the pointer is the fragment of a URI.
    private func unescaped(
        _ part: Substring.UTF8View.SubSequence, _ fault: (String) -> GrammarError
    ) throws(GrammarError) -> String {
        var bytes: [UInt8] = []
        var rest = Array(part)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2 else {
                throw fault("a '%' without two hexadecimal digits")
            }
            bytes.append(code)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self).replacing("~1", with: "/").replacing("~0", with: "~")
    }

    /// `$ref` beside other keywords, and `allOf`, merged into one schema.
    mutating func resolved(_ schema: Schema, following: Int = 0) throws(GrammarError) -> Schema {
        guard following <= Self.depthLimit else { throw .tooComplex("references that lead in a circle") }
        guard schema.reference != nil || schema.object["allOf"] != nil else { return schema }
        var (parts, rest) = try schema.conjuncts()
        if let reference = schema.reference {
            let (target, pointer) = try lookup(reference, at: schema.pointer)
            parts.append((target, pointer))
        }
        for (part, pointer) in parts {
            switch part {
            case .bool(true): continue
            case .bool(false): return try Schema(["enum": []], at: pointer)
            case .object(let object):
                let other = try resolved(try Schema(object, at: pointer), following: following + 1)
                rest = try rest.merged(with: other)
            default: throw .invalidSchema(pointer: pointer, reason: "a schema must be an object or a boolean")
            }
        }
        return rest
    }
}

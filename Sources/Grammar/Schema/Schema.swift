import JSON

/// One schema object: its keywords, checked to be known, and where it stands.
struct Schema {
    let object: JSONObject
    let pointer: String

    /// Keywords that limit what a document may be.
    private static let constraints: Set<String> = [
        "$ref", "allOf", "anyOf", "oneOf", "type", "nullable", "enum", "const", "properties", "required",
        "additionalProperties", "patternProperties", "minProperties", "maxProperties", "items", "prefixItems",
        "minItems",
        "maxItems", "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum",
        "exclusiveMaximum",
    ]

    /// Keywords that only tell.
    private static let annotations: Set<String> = [
        "$schema", "$id", "$anchor", "$comment", "$defs", "$vocabulary", "definitions", "title", "description",
        "default",
        "example", "examples", "deprecated", "readOnly", "writeOnly", "contentMediaType", "contentEncoding",
        "contentSchema", "discriminator", "externalDocs", "xml",
    ]

    /// Keywords that ask for nothing with these values.
    private static let harmless: [String: JSONValue] = [
        "uniqueItems": false, "multipleOf": 1, "unevaluatedProperties": true, "unevaluatedItems": true,
    ]

    init(_ object: JSONObject, at pointer: String) throws(GrammarError) {
        for member in object.members {
            let name = member.name
            guard
                Self.constraints.contains(name) || Self.annotations.contains(name) || name.hasPrefix("x-")
                    || Self.harmless[name] == member.value
            else { throw .unsupportedKeyword(String(name.prefix(100)), pointer: pointer) }
        }
        self.object = object
        self.pointer = pointer
        if let value = object["$ref"], value.string == nil { throw fault("$ref", "a reference must be a string") }
    }

    private func fault(_ keyword: String, _ reason: String) -> GrammarError {
        .invalidSchema(pointer: "\(pointer)/\(keyword)", reason: reason)
    }

    func unsupported(_ keyword: String) -> GrammarError { .unsupportedKeyword(keyword, pointer: pointer) }

    private func constraints(without names: Set<String>) -> JSONObject {
        JSONObject(
            object.members.filter { Self.constraints.contains($0.name) && !names.contains($0.name) }
                .map { ($0.name, $0.value) })
    }

    /// Whether anything but the type is asked for.
    var hasConstraints: Bool { !constraints(without: ["type", "nullable"]).isEmpty }

    // MARK: References and combinations

    var reference: String? { object["$ref"]?.string }

    /// A reference with nothing beside it.
    var plainReference: String? { constraints(without: ["$ref"]).isEmpty ? reference : nil }

    /// The only schema of `allOf`, with nothing beside it.
    func onlyConjunct() throws(GrammarError) -> (schema: JSONValue, pointer: String)? {
        guard constraints(without: ["allOf"]).isEmpty, let list = try list("allOf"), list.count == 1 else { return nil }
        return list.first
    }

    /// The schemas of `allOf`, and what stands beside it and beside `$ref`.
    func conjuncts() throws(GrammarError) -> (parts: [(JSONValue, String)], rest: Schema) {
        let rest = try Schema(constraints(without: ["allOf", "$ref"]), at: pointer)
        return (try list("allOf") ?? [], rest)
    }

    /// The schemas of `anyOf` or `oneOf`, each with what stands beside it. Those of `oneOf` are taken as `anyOf`: that
    /// none of the others fits too is not checked.
    func alternatives() throws(GrammarError) -> [(schema: JSONValue, pointer: String)]? {
        guard object["anyOf"] != nil || object["oneOf"] != nil else { return nil }
        guard object["anyOf"] == nil || object["oneOf"] == nil else { throw unsupported("oneOf") }
        let name = object["anyOf"] == nil ? "oneOf" : "anyOf"
        let rest = constraints(without: [name])
        guard let choices = try list(name), !choices.isEmpty else { throw fault(name, "at least one schema expected") }
        return choices.map { choice, pointer in (rest.isEmpty ? choice : ["allOf": [.object(rest), choice]], pointer) }
    }

    private func list(_ keyword: String) throws(GrammarError) -> [(schema: JSONValue, pointer: String)]? {
        guard let value = object[keyword] else { return nil }
        guard let values = value.array else { throw fault(keyword, "an array of schemas expected") }
        return values.enumerated().map { ($1, "\(pointer)/\(keyword)/\($0)") }
    }

    // MARK: Types and values

    func types() throws(GrammarError) -> [JSONType] {
        guard let value = object["type"] else { return JSONType.allCases }
        var types: [JSONType] = []
        for name in value.array ?? [value] {
            guard let type = name.string.flatMap(JSONType.init) else { throw fault("type", "not the name of a type") }
            if !types.contains(type) { types.append(type) }
        }
        if types.contains(.number) { types.removeAll { $0 == .integer } }
        if object["nullable"] == true, !types.contains(.null) { types.append(.null) }
        return types
    }

    /// The values of `enum` and `const` that have the right type.
    func values() throws(GrammarError) -> [JSONValue]? {
        guard object["enum"] != nil || object["const"] != nil else { return nil }
        let beside = constraints(without: ["enum", "const", "type", "nullable", "format"])
        if let keyword = beside.members.first?.name { throw unsupported(keyword) }
        guard let list = (object["enum"] ?? .array([])).array else { throw fault("enum", "an array expected") }
        var values = object["enum"] == nil ? [] : list
        if let constant = object["const"] {
            values = object["enum"] == nil || values.contains(constant) ? [constant] : []
        }
        let types = try self.types()
        return values.filter { value in types.contains { $0.holds(value) } }
    }

    // MARK: Keywords of one type

    func schema(_ keyword: String) throws(GrammarError) -> JSONValue? {
        guard let value = object[keyword] else { return nil }
        guard value.object != nil || value.bool != nil else { throw fault(keyword, "a schema expected") }
        return value
    }

    func schemas(_ keyword: String) throws(GrammarError) -> JSONObject? {
        guard let value = object[keyword] else { return nil }
        guard let object = value.object else { throw fault(keyword, "an object of schemas expected") }
        return object
    }

    func string(_ keyword: String) throws(GrammarError) -> String? {
        guard let value = object[keyword] else { return nil }
        guard let string = value.string else { throw fault(keyword, "a string expected") }
        return string
    }

    func strings(_ keyword: String) throws(GrammarError) -> [String] {
        guard let value = object[keyword] else { return [] }
        guard let array = value.array else { throw fault(keyword, "an array of strings expected") }
        var strings: [String] = []
        for value in array {
            guard let string = value.string else { throw fault(keyword, "an array of strings expected") }
            strings.append(string)
        }
        return strings
    }

    /// A length or count.
    func count(_ keyword: String) throws(GrammarError) -> Int? {
        guard let value = object[keyword] else { return nil }
        guard let count = value.integer, count >= 0 else { throw fault(keyword, "a whole number from 0 expected") }
        return Int(count)
    }

    func counts(_ least: String, _ most: String) throws(GrammarError) -> (min: Int, max: Int?) {
        (try count(least) ?? 0, try count(most))
    }

    func number(_ keyword: String) throws(GrammarError) -> JSONValue? {
        guard let value = object[keyword] else { return nil }
        guard value.number != nil else { throw fault(keyword, "a number expected") }
        return value
    }

    /// `items` of the older drafts could be what `prefixItems` is now.
    func prefixItems() throws(GrammarError) -> [(JSONValue, String)] {
        if object["items"]?.array != nil { return try list("items") ?? [] }
        return try list("prefixItems") ?? []
    }

    func items() throws(GrammarError) -> JSONValue? {
        object["items"]?.array == nil ? try schema("items") : nil
    }
}

extension JSONType {
    func holds(_ value: JSONValue) -> Bool {
        switch (self, value) {
        case (.null, .null), (.boolean, .bool), (.string, .string), (.array, .array), (.object, .object): true
        case (.number, .integer), (.number, .number): true
        case (.integer, .integer), (.integer, .number): value.integer != nil
        default: false
        }
    }
}

import JSON

/// One schema object: its keywords, checked to be known, and where it stands.
struct Schema {
    let object: JSONObject
    let pointer: String
    /// Keywords that schemas which were merged say otherwise than `object`: all of them hold.
    var others: [JSONObject.Member] = []

    /// Keywords that limit what a document may be.
    private static let constraints: Set<String> = [
        "$ref", "allOf", "anyOf", "oneOf", "not", "type", "nullable", "enum", "const", "properties", "required",
        "additionalProperties", "patternProperties", "propertyNames", "minProperties", "maxProperties", "items",
        "prefixItems", "minItems", "maxItems", "uniqueItems", "minLength", "maxLength", "pattern", "format", "minimum",
        "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
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
        "unevaluatedProperties": true, "unevaluatedItems": true,
    ]

    static func isAnnotation(_ keyword: String) -> Bool { annotations.contains(keyword) || keyword.hasPrefix("x-") }

    init(_ object: JSONObject, at pointer: String) throws(GrammarError) {
        for member in object.members {
            let name = member.name
            guard
                Self.constraints.contains(name) || Self.isAnnotation(name) || Self.harmless[name] == member.value
            else { throw .unsupportedKeyword(String(name.prefix(100)), pointer: pointer) }
        }
        self.object = object
        self.pointer = pointer
        if let value = object["$ref"], value.string == nil { throw fault("$ref", "a reference must be a string") }
        // Below another base a reference would lead elsewhere.
        if object["$id"] != nil, !pointer.isEmpty { throw unsupported("$id") }
    }

    func fault(_ keyword: String, _ reason: String) -> GrammarError {
        .invalidSchema(pointer: "\(pointer)/\(keyword)", reason: reason)
    }

    func unsupported(_ keyword: String) -> GrammarError { .unsupportedKeyword(keyword, pointer: pointer) }

    private func constraints(without names: Set<String>) -> JSONObject {
        JSONObject(
            object.members.filter { Self.constraints.contains($0.name) && !names.contains($0.name) }
                .map { ($0.name, $0.value) })
    }

    /// The schema without some keywords, and with some of the others only.
    private func json(without names: Set<String> = [], keeping: (Int) -> Bool = { _ in true }) -> JSONValue {
        let parts = others.indices.filter(keeping).map { JSONObject([(others[$0].name, others[$0].value)]) }
        let rest = constraints(without: names)
        return parts.isEmpty ? .object(rest) : ["allOf": .array(([rest] + parts).map(JSONValue.object))]
    }

    /// Whether anything but the type is asked for.
    var hasConstraints: Bool { !others.isEmpty || !constraints(without: ["type", "nullable"]).isEmpty }

    /// The format of strings of which nothing else is asked.
    var onlyFormat: String? {
        let isAlone = others.isEmpty && constraints(without: ["type", "nullable", "format"]).isEmpty
        return isAlone ? object["format"]?.string : nil
    }

    /// All values of a keyword.
    func all(_ keyword: String) -> [JSONValue] {
        (object[keyword].map { [$0] } ?? []) + others.filter { $0.name == keyword }.map(\.value)
    }

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

    /// A keyword that leaves a choice, its value, and all that stands beside it.
    func combination() throws(GrammarError) -> (keyword: String, value: JSONValue, rest: JSONValue)? {
        for keyword in ["anyOf", "oneOf", "not"] {
            if let value = object[keyword], try isCombination(keyword, value) {
                return (keyword, value, json(without: [keyword]))
            }
            for (index, other) in others.enumerated() where other.name == keyword {
                guard try isCombination(keyword, other.value) else { continue }
                return (keyword, other.value, json { $0 != index })
            }
        }
        return nil
    }

    private func isCombination(_ keyword: String, _ value: JSONValue) throws(GrammarError) -> Bool {
        if keyword == "not" { try exclusion(value) == nil } else { true }
    }

    /// What a `not` takes from the only type that the schema has left: one keyword of a string's or a number's.
    private func exclusion(_ value: JSONValue) throws(GrammarError) -> JSONObject.Member? {
        guard let object = value.object, object.count == 2, let type = object["type"]?.string.flatMap(JSONType.init),
            type == .string || type == .number,
            try types().allSatisfy({ $0 == type || $0 == .integer && type == .number })
        else { return nil }
        let keywords: Set<String> = type == .string ? ["pattern", "enum"] : ["multipleOf", "enum"]
        return object.members.first { keywords.contains($0.name) }
    }

    /// All that `not` takes from a schema that has no combination left.
    func exclusions() throws(GrammarError) -> [JSONObject.Member] {
        var found: [JSONObject.Member] = []
        for value in all("not") { if let member = try exclusion(value) { found.append(member) } }
        return found
    }

    func list(_ keyword: String) throws(GrammarError) -> [(schema: JSONValue, pointer: String)]? {
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
        guard let list = (object["enum"] ?? .array([])).array else { throw fault("enum", "an array expected") }
        var values = object["enum"] == nil ? [] : list
        if let constant = object["const"] {
            values = object["enum"] == nil || values.contains(constant) ? [constant] : []
        }
        values = values.filter { value in all("const").allSatisfy { $0 == value } }
        let types = try self.types()
        return values.filter { value in types.contains { $0.holds(value) } }
    }

    /// What stands beside `enum` and `const`, but for the format, which only tells there.
    var besideValues: JSONValue? {
        let names: Set<String> = ["enum", "const", "type", "nullable", "format"]
        guard !others.isEmpty || !constraints(without: names).isEmpty else { return Optional.none }
        return json(without: ["enum", "const", "format"]) { !names.contains(others[$0].name) }
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

    func flag(_ keyword: String) throws(GrammarError) -> Bool {
        guard let value = object[keyword] else { return false }
        guard let flag = value.bool else { throw fault(keyword, "a boolean expected") }
        return flag
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

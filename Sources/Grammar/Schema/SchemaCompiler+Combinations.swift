import JSON

extension SchemaCompiler {
    typealias Place = (schema: JSONValue, pointer: String)

    /// Schemas that `oneOf` is told apart with; more would make too many alternatives.
    private static let exclusionLimit = 8

    /// The schemas of which one at least must hold, for `anyOf`, `oneOf` or `not`.
    mutating func choices(_ keyword: String, _ value: JSONValue, in schema: Schema) throws(GrammarError) -> [Place] {
        let pointer = "\(schema.pointer)/\(keyword)"
        if keyword == "not" { return try negations(of: value, at: pointer) }
        guard let list = value.array else { throw schema.fault(keyword, "an array of schemas expected") }
        guard !list.isEmpty else { throw schema.fault(keyword, "at least one schema expected") }
        let places = list.enumerated().map { (schema: $1, pointer: "\(pointer)/\($0)") }
        return keyword == "oneOf" ? exclusive(places) : places
    }

    /// Each schema without what the others allow. Where one of them can't be negated they are taken as those of `anyOf`.
    private mutating func exclusive(_ places: [Place]) -> [Place] {
        guard places.count <= Self.exclusionLimit else { return places }
        var result: [Place] = []
        for (index, place) in places.enumerated() {
            var parts: [JSONValue] = [place.schema]
            for (other, rival) in places.enumerated() where other != index && !areDisjoint(place, rival) {
                guard (try? negations(of: rival.schema, at: rival.pointer)) != nil else { return places }
                parts.append(["not": rival.schema])
            }
            result.append((parts.count == 1 ? place.schema : ["allOf": .array(parts)], place.pointer))
        }
        return result
    }

    /// Whether the types tell them apart, or a required member with other values, or one that the other does not have.
    private mutating func areDisjoint(_ one: Place, _ two: Place) -> Bool {
        guard let first = try? whole(one), let second = try? whole(two), let types = try? first.types(),
            let otherTypes = try? second.types()
        else { return false }
        let common = types.filter { type in
            otherTypes.contains { $0 == type || Set([$0, type]) == [.number, .integer] }
        }
        guard common.allSatisfy({ $0 == .object }) else { return haveOtherValues(first, second) }
        return common.isEmpty || haveOtherValues(first, second) || lacksMember(first, second)
            || lacksMember(second, first) || haveOtherMembers(first, second)
    }

    private mutating func whole(_ place: Place) throws(GrammarError) -> Schema {
        guard let object = place.schema.object else {
            throw .invalidSchema(pointer: place.pointer, reason: "no object")
        }
        return try resolved(try Schema(object, at: place.pointer))
    }

    private func haveOtherValues(_ one: Schema, _ two: Schema) -> Bool {
        guard let values = try? one.values(), let others = try? two.values() else { return false }
        return !values.contains(where: others.contains)
    }

    private func lacksMember(_ one: Schema, _ two: Schema) -> Bool {
        let isClosed = two.object["additionalProperties"] ?? .bool(two.object["properties"] == nil) == false
        guard isClosed, two.object["patternProperties"] == nil, let required = try? one.strings("required") else {
            return false
        }
        return required.contains { two.object["properties"]?.object?[$0] == nil }
    }

    private mutating func haveOtherMembers(_ one: Schema, _ two: Schema) -> Bool {
        guard let required = try? one.strings("required"), let others = try? two.strings("required") else {
            return false
        }
        for name in required where others.contains(name) {
            guard let first = one.object["properties"]?.object?[name],
                let second = two.object["properties"]?.object?[name],
                let value = try? whole((first, one.pointer)), let other = try? whole((second, two.pointer))
            else { continue }
            if haveOtherValues(value, other) { return true }
        }
        return false
    }

    // MARK: Negation

    /// Schemas that together allow what the schema does not.
    private mutating func negations(of value: JSONValue, at pointer: String) throws(GrammarError) -> [Place] {
        if let value = value.bool { return value ? [] : [(.bool(true), pointer)] }
        guard let object = value.object else {
            throw .invalidSchema(pointer: pointer, reason: "a schema must be an object or a boolean")
        }
        let schema = try Schema(object, at: pointer)
        var result: [JSONValue] = []
        for member in object.members {
            switch (member.name, member.value) {
            case ("$ref", .string(let reference)): result.append(["not": try lookup(reference, at: pointer).0])
            case ("allOf", .array(let parts)): result += parts.map { ["not": $0] }
            case ("anyOf", .array(let parts)): result.append(["allOf": .array(parts.map { ["not": $0] })])
            case ("not", let inner): result.append(inner)
            default: result += try schema.violations(of: member)
            }
        }
        return result.map { ($0, pointer) }
    }
}

extension Schema {
    /// Schemas that allow what breaks one keyword.
    fileprivate func violations(of member: JSONObject.Member) throws(GrammarError) -> [JSONValue] {
        let (name, value) = (member.name, member.value)
        switch name {
        case "type":
            let types = try types()
            let others = JSONType.allCases.filter {
                !types.contains($0) && !($0 == .number && types.contains(.integer))
            }
            let fractions: JSONValue = ["type": "number", "not": ["type": "number", "multipleOf": 1]]
            return [Self.ofTypes(others)] + (types.contains(.integer) ? [fractions] : [])
        case "nullable": return []
        case "enum", "const": return try otherValues(name == "const" ? [value] : value.array ?? [])
        case "pattern": return [["type": "string", "not": ["type": "string", "pattern": value]]]
        case "multipleOf": return [["type": "number", "not": ["type": "number", "multipleOf": value]]]
        case "minimum": return [["type": "number", "exclusiveMaximum": value]]
        case "maximum": return [["type": "number", "exclusiveMinimum": value]]
        case "exclusiveMinimum": return [["type": "number", "maximum": value]]
        case "exclusiveMaximum": return [["type": "number", "minimum": value]]
        case "minLength", "minItems", "minProperties":
            guard let count = try count(name), count > 0 else { return [] }
            return [Self.counted(name, "max", count - 1)]
        case "maxLength", "maxItems", "maxProperties":
            guard let count = try count(name), count < Int.max else { return [] }
            return [Self.counted(name, "min", count + 1)]
        case "required":
            return try strings(name).map {
                ["type": "object", "properties": .object([$0: false]), "additionalProperties": true]
            }
        case "properties":
            return (try schemas(name) ?? [:]).members.map {
                [
                    "type": "object", "properties": .object([$0.name: ["not": $0.value]]),
                    "required": [.string($0.name)],
                    "additionalProperties": true,
                ]
            }
        case "additionalProperties" where value == true, "items" where value == true: return []
        default:
            guard Self.isAnnotation(name) else { throw unsupported(name) }
            return []
        }
    }

    private static func ofTypes(_ types: [JSONType]) -> JSONValue {
        ["type": .array(types.map { .string($0.rawValue) })]
    }

    private static func counted(_ keyword: String, _ end: String, _ count: Int) -> JSONValue {
        let what = keyword.dropFirst(3)
        let type = what == "Length" ? "string" : what == "Items" ? "array" : "object"
        return .object(["type": .string(type), end + what: .integer(Int64(count))])
    }

    /// What equals none of the values, type by type.
    private func otherValues(_ values: [JSONValue]) throws(GrammarError) -> [JSONValue] {
        guard !values.contains(where: { $0.array != nil || $0.object != nil }) else { throw unsupported("enum") }
        var result = [Self.ofTypes(JSONType.allCases.filter { type in !values.contains(where: type.holds) })]
        for type in [JSONType.string, .number] where values.contains(where: type.holds) {
            let name = JSONValue.string(type.rawValue)
            result.append(["type": name, "not": ["type": name, "enum": .array(values.filter(type.holds))]])
        }
        let booleans = [true, false].filter { !values.contains(.bool($0)) }
        if booleans.count == 1 { result.append(["enum": .array(booleans.map(JSONValue.bool))]) }
        return result
    }
}

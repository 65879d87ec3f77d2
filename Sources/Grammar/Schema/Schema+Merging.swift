import JSON

extension Schema {
    /// What both allow. Neither has `$ref` or `allOf`.
    func merged(with other: Schema) throws(GrammarError) -> Schema {
        var (result, more) = (object, others + other.others)
        for member in other.object.members where member.value != object[member.name] {
            let (name, theirs) = (member.name, member.value)
            guard let ours = object[name] else {
                result[name] = theirs
                continue
            }
            if Self.repeatable.contains(name) {
                more.append(member)
            } else {
                result[name] = try other.merge(name, ours, theirs)
            }
        }
        if let properties = try mergedProperties(with: other) { result["properties"] = .object(properties) }
        if let patterns = try mergedPatterns(with: other) { result["patternProperties"] = .object(patterns) }
        if saysOpen && other.isClosedBySilence || isClosedBySilence && other.saysOpen {
            result["additionalProperties"] = nil
        }
        if let prefix = try mergedPrefix(with: other) { result["prefixItems"] = .array(prefix) }
        var schema = try Schema(result, at: pointer)
        schema.others = more
        return schema
    }

    /// Keywords that two schemas may say each in its own way.
    private static let repeatable: Set<String> = [
        "anyOf", "oneOf", "not", "const", "pattern", "format", "multipleOf", "propertyNames",
    ]

    private func merge(_ keyword: String, _ ours: JSONValue, _ theirs: JSONValue) throws(GrammarError) -> JSONValue {
        switch keyword {
        case "type": return .array(Self.commonTypes(ours, theirs))
        case "enum":
            let allowed = theirs.array ?? []
            return .array((ours.array ?? []).filter(allowed.contains))
        case "required": return .array((ours.array ?? []) + (theirs.array ?? []))
        case "properties", "patternProperties", "prefixItems": return ours
        case "uniqueItems": return true
        case "additionalProperties", "items": return ["allOf": [ours, theirs]]
        case "minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties":
            return (ours.number ?? 0) > (theirs.number ?? 0) ? ours : theirs
        case "maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties":
            return (ours.number ?? 0) < (theirs.number ?? 0) ? ours : theirs
        case "title", "description", "default", "examples", "$defs", "definitions", "$id", "$schema", "$comment":
            return ours
        default: throw unsupported(keyword)
        }
    }

    private static func commonTypes(_ ours: JSONValue, _ theirs: JSONValue) -> [JSONValue] {
        let names = { (value: JSONValue) in (value.array ?? [value]).compactMap(\.string) }
        let (one, two) = (names(ours), names(theirs))
        let common = one.filter { two.contains($0) || $0 == "integer" && two.contains("number") }
        return (common + two.filter { $0 == "integer" && one.contains("number") && !common.contains($0) })
            .map(JSONValue.string)
    }

    // MARK: Members

    private var saysOpen: Bool { object["additionalProperties"] == true }

    /// Names members and says nothing about others: with a schema that allows them it stays closed.
    private var isClosedBySilence: Bool { object["properties"] != nil && object["additionalProperties"] == nil }

    /// What a schema says of a member that it does not name. With patterns it may be this or that.
    private func otherMembers() throws(GrammarError) -> JSONValue {
        guard let value = try schema("additionalProperties"), value != true else { return true }
        guard object["patternProperties"] == nil else { throw unsupported("patternProperties") }
        return value
    }

    /// A member that only one side names must also be what the other says of additional ones.
    private func mergedProperties(with other: Schema) throws(GrammarError) -> JSONObject? {
        try merged(schemas("properties"), other.schemas("properties"), with: other)
    }

    /// Names of a pattern that the other side does not have may be among its names: they then get both.
    private func mergedPatterns(with other: Schema) throws(GrammarError) -> JSONObject? {
        try merged(schemas("patternProperties"), other.schemas("patternProperties"), with: other)
    }

    private func merged(
        _ ours: JSONObject?, _ theirs: JSONObject?, with other: Schema
    ) throws(GrammarError) -> JSONObject? {
        guard ours != nil || theirs != nil else { return nil }
        var result = JSONObject()
        for member in ours?.members ?? [] {
            let second = if let value = theirs?[member.name] { value } else { try other.otherMembers() }
            result[member.name] = Self.both(member.value, second)
        }
        for member in theirs?.members ?? [] where ours?[member.name] == nil {
            result[member.name] = Self.both(try otherMembers(), member.value)
        }
        return result
    }

    private static func both(_ one: JSONValue, _ two: JSONValue) -> JSONValue {
        one == true ? two : two == true ? one : ["allOf": [one, two]]
    }

    // MARK: Elements

    private func mergedPrefix(with other: Schema) throws(GrammarError) -> [JSONValue]? {
        let (ours, theirs) = (try prefixItems().map(\.0), try other.prefixItems().map(\.0))
        guard !ours.isEmpty || !theirs.isEmpty else { return nil }
        let (rest, otherRest) = (try items() ?? true, try other.items() ?? true)
        return (0..<max(ours.count, theirs.count)).map { place in
            Self.both(place < ours.count ? ours[place] : rest, place < theirs.count ? theirs[place] : otherRest)
        }
    }
}

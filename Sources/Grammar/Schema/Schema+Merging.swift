import JSON

extension Schema {
    /// What both allow. Neither has `$ref` or `allOf`.
    func merged(with other: Schema) throws(GrammarError) -> Schema {
        var result = object
        for member in other.object.members {
            let (name, theirs) = (member.name, member.value)
            guard let ours = object[name] else {
                result[name] = theirs
                continue
            }
            if ours != theirs { result[name] = try other.merge(name, ours, theirs) }
        }
        if let properties = try mergedProperties(with: other) { result["properties"] = .object(properties) }
        return try Schema(result, at: pointer)
    }

    private func merge(_ keyword: String, _ ours: JSONValue, _ theirs: JSONValue) throws(GrammarError) -> JSONValue {
        switch keyword {
        case "type": return .array(Self.commonTypes(ours, theirs))
        case "enum":
            let allowed = theirs.array ?? []
            return .array((ours.array ?? []).filter(allowed.contains))
        case "required": return .array((ours.array ?? []) + (theirs.array ?? []))
        case "properties": return ours
        case "additionalProperties", "items": return ["allOf": [ours, theirs]]
        case "minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties":
            return (ours.number ?? 0) > (theirs.number ?? 0) ? ours : theirs
        case "maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties":
            return (ours.number ?? 0) < (theirs.number ?? 0) ? ours : theirs
        case "title", "description", "default", "examples", "format", "$defs", "definitions", "$id", "$schema",
            "$comment":
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

    /// A member that only one side names must also be what the other says of additional ones.
    private func mergedProperties(with other: Schema) throws(GrammarError) -> JSONObject? {
        guard object["properties"] != nil || other.object["properties"] != nil else { return nil }
        let (ours, theirs) = (try schemas("properties") ?? [:], try other.schemas("properties") ?? [:])
        let (extra, otherExtra) = (try schema("additionalProperties"), try other.schema("additionalProperties"))
        var result = JSONObject()
        for member in ours.members {
            let second = theirs[member.name] ?? otherExtra ?? true
            result[member.name] = second == true ? member.value : ["allOf": [member.value, second]]
        }
        for member in theirs.members where ours[member.name] == nil {
            let second = extra ?? true
            result[member.name] = second == true ? member.value : ["allOf": [second, member.value]]
        }
        return result
    }
}

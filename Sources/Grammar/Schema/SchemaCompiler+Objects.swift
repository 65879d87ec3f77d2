import JSON

extension SchemaCompiler {
    /// Patterns beside one another; names are told apart by all of their combinations.
    private static let patternLimit = 5

    /// What an object's keywords say of the names of its members.
    private struct Members {
        struct Pattern {
            /// Inside the quotes.
            let names: Expression
            let value: JSONValue
        }

        let pointer: String
        var properties: JSONObject = [:]
        var required: [String] = []
        var patterns: [Pattern] = []
        /// The value of a member that nothing else names.
        var additional: JSONValue = true
        /// What names may be at all, inside the quotes; nil for anything.
        var names: Expression?

        /// All names that `properties` and `required` have, each once.
        var named: [String] {
            properties.members.map(\.name)
                + JSONObject(required.map { ($0, true) }).members.map(\.name)
                .filter { properties[$0] == nil }
        }
    }

    mutating func object(_ schema: Schema) throws(GrammarError) -> Expression {
        let keywords = try self.members(schema)
        let (min, max) = try schema.counts("minProperties", "maxProperties")
        let isCounted = min > 1 || max != nil
        var members: [Expression.Member] = []
        for (name, value) in try namedValues(keywords) {
            let isRequired = keywords.required.contains { $0.utf8.elementsEqual(name.utf8) }
            if value == false, !isRequired { continue }
            let text = value == false ? .never : try expression(of: value, at: "\(keywords.pointer)/properties/\(name)")
            let member = member(JSONText.string(name), text)
            members.append(.init(isCounted ? rule(member) : member, isRequired ? .once : .optional))
        }
        let others = try otherMembers(keywords)
        if !others.isEmpty { members.append(.init(rule(.choice(others)), .anyNumber)) }
        return object(members, min: min, max: max)
    }

    private mutating func members(_ schema: Schema) throws(GrammarError) -> Members {
        var members = Members(pointer: schema.pointer)
        members.properties = try schema.schemas("properties") ?? [:]
        members.required = try schema.strings("required")
        let patterns = try schema.schemas("patternProperties") ?? [:]
        guard patterns.count <= Self.patternLimit else {
            throw .tooComplex("more than \(Self.patternLimit) 'patternProperties'")
        }
        for pattern in patterns.members {
            let names = try self.pattern(pattern.name, at: "\(schema.pointer)/patternProperties/\(pattern.name)")
            members.patterns.append(.init(names: names, value: pattern.value))
        }
        let isClosed = schema.object["properties"] != nil || !patterns.isEmpty
        members.additional = try schema.schema("additionalProperties") ?? .bool(!isClosed)
        for names in schema.all("propertyNames") {
            guard let expression = try self.names(names, at: schema.pointer + "/propertyNames") else { continue }
            members.names = members.names.map { .intersection($0, expression) } ?? expression
        }
        return members
    }

    /// Each name with all that is said of its value: in `properties`, by the patterns that fit it, or of other members.
    private func namedValues(_ members: Members) throws(GrammarError) -> [(name: String, value: JSONValue)] {
        let names = members.named
        let texts = names.map { Array(JSONValue.string($0).serialized.dropFirst().dropLast()) }
        var fits: [[Bool]] = []
        for pattern in members.patterns { fits.append(try Grammar(pattern.names).contained(texts)) }
        let allowed = try members.names.map { names throws(GrammarError) in try Grammar(names).contained(texts) }
        return names.enumerated().map { index, name in
            var values = members.properties[name].map { [$0] } ?? []
            values += zip(members.patterns, fits).filter { $1[index] }.map(\.0.value)
            if values.isEmpty { values = [members.additional] }
            return (name, allowed?[index] == false ? false : Self.all(values))
        }
    }

    private static func all(_ values: [JSONValue]) -> JSONValue {
        values.contains(false) ? false : values.count == 1 ? values[0] : ["allOf": .array(values)]
    }

    /// Members that are not named: one expression for each combination of patterns that a name may fit.
    private mutating func otherMembers(_ members: Members) throws(GrammarError) -> [Expression] {
        var choices: [Expression] = []
        for combination in 0..<1 << members.patterns.count {
            let fitting = members.patterns.indices.filter { combination >> $0 & 1 == 1 }
            let value = fitting.isEmpty ? members.additional : Self.all(fitting.map { members.patterns[$0].value })
            guard value != false else { continue }
            let keyword = fitting.isEmpty ? "additionalProperties" : "patternProperties"
            let expression = try self.expression(of: value, at: "\(members.pointer)/\(keyword)")
            choices.append(member(otherName(members, fitting), expression))
        }
        return choices
    }

    /// A name that fits some patterns and no others, and is none of those that are known.
    private mutating func otherName(_ members: Members, _ fitting: [Int]) -> Expression {
        let wanted = fitting.map { members.patterns[$0].names } + (members.names.map { [$0] } ?? [])
        let named = members.named.map { TextEncoding.jsonString.expression($0) }
        let unwanted =
            named + members.patterns.indices.filter { !fitting.contains($0) }.map { members.patterns[$0].names }
        if wanted.isEmpty, unwanted.isEmpty { return rule(.string) }
        let some = wanted.dropFirst().reduce(wanted.first ?? Self.anyContent) { .intersection($0, $1) }
        return JSONText.quoted(unwanted.isEmpty ? some : .difference(some, .choice(unwanted)))
    }
}

import JSON

extension SchemaCompiler {
    mutating func string(_ schema: Schema) throws(GrammarError) -> Expression {
        if let format = schema.onlyFormat, let pattern = StringFormat.patterns[format] {
            if let rule = rule(format: format) { return rule }
            return rule(JSONText.quoted(try self.pattern(pattern, at: "\(schema.pointer)/format")), format: format)
        }
        if let content = try content(of: schema) { return JSONText.quoted(content) }
        let (min, max) = try schema.counts("minLength", "maxLength")
        guard min > 0 || max != nil else { return rule(.string) }
        if let max, max < min { return .never }
        return JSONText.quoted(.repetition(JSONText.character, min: min, max: max))
    }

    /// What stands between the quotes, each character in its shortest form; nil if there are no conditions but on the
    /// length.
    private func content(of schema: Schema) throws(GrammarError) -> Expression? {
        var content: Expression?
        for (keyword, value) in schema.all("pattern").map({ ("pattern", $0) })
            + schema.all("format").map({ ("format", $0) })
        {
            guard let text = value.string else { throw schema.fault(keyword, "a string expected") }
            guard let pattern = keyword == "pattern" ? text : StringFormat.patterns[text] else { continue }
            let expression = try self.pattern(pattern, at: "\(schema.pointer)/\(keyword)")
            content = content.map { .intersection($0, expression) } ?? expression
        }
        for member in try schema.exclusions() {
            content = .difference(content ?? Self.anyContent, try excluded(member, at: schema.pointer))
        }
        let (min, max) = try schema.counts("minLength", "maxLength")
        guard let content, min > 0 || max != nil else { return content }
        if let max, max < min { return .never }
        return .intersection(content, .repetition(TextEncoding.jsonString.expression(.all), min: min, max: max))
    }

    private func excluded(_ member: JSONObject.Member, at pointer: String) throws(GrammarError) -> Expression {
        if let pattern = member.value.string { return try self.pattern(pattern, at: pointer + "/not/pattern") }
        return .choice((member.value.array ?? []).compactMap(\.string).map(TextEncoding.jsonString.expression))
    }

    static let anyContent = Expression.many(TextEncoding.jsonString.expression(.all))

    /// What stands between the quotes of strings that the schema allows, each character in its shortest form; nil for
    /// any. References and `allOf` are followed, choices are not.
    mutating func names(_ schema: JSONValue, at pointer: String) throws(GrammarError) -> Expression? {
        guard let object = schema.object else { return schema == false ? .never : nil }
        let schema = try resolved(try Schema(object, at: pointer))
        if let (keyword, _, _) = try schema.combination() { throw schema.unsupported(keyword) }
        guard try schema.types().contains(.string) else { return .never }
        if let values = try allowedValues(schema) {
            return .choice(values.compactMap(\.string).map(TextEncoding.jsonString.expression))
        }
        if let content = try content(of: schema) { return content }
        let (min, max) = try schema.counts("minLength", "maxLength")
        guard min > 0 || max != nil else { return nil }
        return .repetition(TextEncoding.jsonString.expression(.all), min: min, max: Swift.max(min, max ?? min))
    }

    /// The values of `enum` and `const` that what stands beside them allows.
    mutating func allowedValues(_ schema: Schema) throws(GrammarError) -> [JSONValue]? {
        guard let values = try schema.values() else { return nil }
        guard let beside = schema.besideValues else { return values }
        // The text of an array or object depends on the order of its members.
        guard !values.contains(where: { $0.array != nil || $0.object != nil }) else {
            throw schema.unsupported(schema.object["enum"] == nil ? "const" : "enum")
        }
        var compiler = SchemaCompiler(document)
        let rest = try compiler.expression(of: beside, at: schema.pointer)
        let grammar = Grammar(rules: compiler.rules + [rest], root: compiler.rules.count)
        let allowed = try grammar.contained(values.map(\.serialized))
        return zip(values, allowed).filter(\.1).map(\.0)
    }

    func pattern(_ pattern: String, at pointer: String) throws(GrammarError) -> Expression {
        do throws(GrammarError) {
            return try RegexParser.expression(pattern, encoding: .jsonString, isSearch: true)
        } catch {
            throw .invalidSchema(pointer: pointer, reason: "not a supported pattern: \(error)")
        }
    }

    mutating func integer(_ schema: Schema) throws(GrammarError) -> Expression {
        let (range, conditions) = (try NumberRange(schema), try NumberConditions(schema))
        if range.isOpen, conditions.isEmpty { return rule(.integer) }
        return conditions.applied(to: range.integers)
    }

    mutating func number(_ schema: Schema) throws(GrammarError) -> Expression {
        let (range, conditions) = (try NumberRange(schema), try NumberConditions(schema))
        if range.isOpen, conditions.isEmpty { return rule(.number) }
        return conditions.applied(to: range.numbers)
    }
}

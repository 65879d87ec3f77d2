import JSON

extension SchemaCompiler {
    mutating func string(_ schema: Schema) throws(GrammarError) -> Expression {
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
            guard let pattern = keyword == "pattern" ? text : Self.formats[text] else { continue }
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

    /// Formats that are enforced; others only tell. RFC 3339, RFC 4122, RFC 5321 without quoting, RFC 2673, RFC 4291.
    private static let formats: [String: String] = {
        // Year 0 is no year for Python's datetime.
        let year = #"(?:\d{3}[1-9]|\d\d[1-9]0|\d[1-9]00|[1-9]000)"#
        let leap = #"(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"#
        let day31 = #"(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])"#
        let day30 = #"(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"#
        let date = "(?:\(year)-(?:\(day31)|\(day30)|02-(?:0[1-9]|1\\d|2[0-8]))|\(leap)-02-29)"
        let time = #"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)"#
        let label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
        let byte = #"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"#
        let hex = "[0-9a-fA-F]{1,4}"
        let days = #"(?:\d+Y(?:\d+M(?:\d+D)?)?|\d+M(?:\d+D)?|\d+D)"#
        let hours = #"(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S)"#
        let short = (1...6).map { "(?:\(hex):){\($0)}(?::\(hex)){1,\(7 - $0)}" }
        return [
            "date": "^\(date)$", "time": "^\(time)$", "date-time": "^\(date)T\(time)$",
            "uuid": "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
            "email": #"^[a-zA-Z0-9_+-]+(?:\.[a-zA-Z0-9_+-]+)*@"# + "\(label)(?:\\.\(label))+$",
            "hostname": "^\(label)(?:\\.\(label))*$", "ipv4": "^\(byte)(?:\\.\(byte)){3}$",
            "ipv6": "^(?:(?:\(hex):){7}\(hex)|\(short.joined(separator: "|"))|(?:\(hex):){1,7}:|:(?::\(hex)){1,7}|::)$",
            "uri": #"^[a-zA-Z][a-zA-Z0-9+.-]*:(?://[a-zA-Z0-9._~:@!$&'()*+,;=%-]*)?[a-zA-Z0-9._~:@!$&'()*+,;=/?#%-]*$"#,
            "duration": "^P(?:\\d+W|\(days)(?:T\(hours))?|T\(hours))$",
        ]
    }()

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

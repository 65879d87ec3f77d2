import JSON

extension SchemaCompiler {
    mutating func string(_ schema: Schema) throws(GrammarError) -> Expression {
        let (min, max) = try schema.counts("minLength", "maxLength")
        let isCounted = min > 0 || max != nil
        if let pattern = try schema.string("pattern") {
            // A length beside it would need the intersection of two languages.
            guard !isCounted else { throw schema.unsupported(min > 0 ? "minLength" : "maxLength") }
            return JSONText.quoted(try self.pattern(pattern, at: schema.pointer + "/pattern"))
        }
        if let format = try schema.string("format"), !isCounted, let pattern = Self.formats[format] {
            return JSONText.quoted(try self.pattern(pattern, at: schema.pointer + "/format"))
        }
        guard isCounted else { return rule(.string) }
        if let max, max < min { return .never }
        return JSONText.quoted(.repetition(JSONText.character, min: min, max: max))
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
        let year = #"\d{4}"#
        let leap = #"(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"#
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
        guard let range = try NumberRange(schema) else { return rule(.integer) }
        return range.integers
    }

    mutating func number(_ schema: Schema) throws(GrammarError) -> Expression {
        guard let range = try NumberRange(schema) else { return rule(.number) }
        return range.numbers
    }
}

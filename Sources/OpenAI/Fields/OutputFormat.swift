package import JSON

/// What an answer's text must look like.
package enum OutputFormat: Sendable, Equatable {
    /// A JSON document that the schema allows.
    case schema(JSONValue)
    /// Any JSON object.
    case object
    /// Text that the whole pattern matches.
    case regex(String)
    /// One of these texts.
    case choice([String])
    /// A text of a grammar in llama.cpp's notation.
    case grammar(String)

    /// Longest pattern or grammar, in bytes.
    package static let textLimit = 256 * 1024
    package static let choiceLimit = 10_000

    /// The format that the client asked for, and the field that says so; nil for free text.
    ///
    /// OpenAI's `response_format`, vLLM's `structured_outputs` and its older `guided_*`, llama-server's `grammar` and
    /// `json_schema`: one of them, not two.
    static func read(_ reader: inout FieldReader) throws(APIError) -> (format: OutputFormat, field: String)? {
        var found: [(format: OutputFormat, field: String)] = []
        if let format = try responseFormat(&reader) { found.append(format) }
        if let value = reader.value("structured_outputs") {
            var inner = try FieldReader(value, path: "structured_outputs")
            found += try formats(&inner, schema: "json", prefix: "")
            if try inner.bool("json_object") == true { found.append((.object, inner.name("json_object"))) }
            try inner.finish()
            if found.isEmpty { throw .invalid("structured_outputs", "'structured_outputs' names no format.") }
        }
        found += try formats(&reader, schema: "guided_json", prefix: "guided_")
        if let grammar = try text(&reader, "grammar") { found.append((.grammar(grammar), "grammar")) }
        if let schema = reader.value("json_schema") { found.append((.schema(schema), "json_schema")) }
        guard found.count <= 1 else {
            throw .invalid(found[1].field, "'\(found[0].field)' and '\(found[1].field)' cannot be used together.")
        }
        if let (format, field) = found.first, case .schema(let schema) = format,
            schema.object == nil, schema.bool == nil
        {
            throw .invalid(field, "'\(field)' must be an object or a boolean.")
        }
        return found.first
    }

    private static func responseFormat(
        _ reader: inout FieldReader
    ) throws(APIError) -> (format: OutputFormat, field: String)? {
        guard let value = reader.value("response_format") else { return nil }
        var format = try FieldReader(value, path: "response_format")
        let type = try format.string("type")
        let schema = format.value("schema")
        switch type {
        case "text":
            try format.finish()
            return nil
        case "json_object":
            try format.finish()
            return schema.map { (.schema($0), "response_format.schema") } ?? (.object, "response_format")
        case "json_schema":
            guard let inner = format.value("json_schema") else {
                // llama-server's form has the schema right here.
                guard let schema else {
                    throw .invalid("response_format.json_schema", "'response_format.json_schema' is required.")
                }
                try format.finish()
                return (.schema(schema), "response_format.schema")
            }
            try format.finish()
            var named = try FieldReader(inner, path: "response_format.json_schema")
            named.ignore(["name", "description", "strict"])
            let field = named.name("schema")
            guard let schema = named.value("schema") else { throw .invalid(field, "'\(field)' is required.") }
            try named.finish()
            return (.schema(schema), field)
        default:
            throw .invalid(
                "response_format.type", "'response_format.type' must be 'text', 'json_object' or 'json_schema'.")
        }
    }

    /// vLLM's fields, inside `structured_outputs` or beside all others.
    private static func formats(
        _ reader: inout FieldReader, schema: String, prefix: String
    ) throws(APIError) -> [(format: OutputFormat, field: String)] {
        var found: [(format: OutputFormat, field: String)] = []
        if let value = reader.value(schema) {
            found.append((.schema(try parsed(value, reader.name(schema))), reader.name(schema)))
        }
        if let pattern = try text(&reader, prefix + "regex") {
            found.append((.regex(pattern), reader.name(prefix + "regex")))
        }
        if let choices = try choices(&reader, prefix + "choice") {
            found.append((.choice(choices), reader.name(prefix + "choice")))
        }
        // At the top `grammar` is a field of its own.
        if let grammar = try text(&reader, prefix + "grammar") {
            found.append((.grammar(grammar), reader.name(prefix + "grammar")))
        }
        return found
    }

    /// vLLM takes a schema as text too.
    private static func parsed(_ value: JSONValue, _ field: String) throws(APIError) -> JSONValue {
        guard let text = value.string else { return value }
        do throws(JSONError) {
            return try JSONValue(parsing: Array(text.utf8))
        } catch {
            throw .invalid(field, "'\(field)' is not valid JSON: \(error).")
        }
    }

    private static func text(_ reader: inout FieldReader, _ field: String) throws(APIError) -> String? {
        guard let text = try reader.string(field) else { return nil }
        guard text.utf8.count <= textLimit else {
            throw .invalid(
                reader.name(field),
                "'\(reader.name(field))' may have at most \(textLimit) bytes, got \(text.utf8.count).")
        }
        return text
    }

    private static func choices(_ reader: inout FieldReader, _ field: String) throws(APIError) -> [String]? {
        guard let values = try reader.array(field) else { return nil }
        guard (1...choiceLimit).contains(values.count) else {
            throw .invalid(
                reader.name(field), "'\(reader.name(field))' must have 1 to \(choiceLimit) texts, got \(values.count).")
        }
        var texts: [String] = []
        for (index, value) in values.enumerated() {
            guard let text = value.string else {
                throw reader.wrongType("\(field)[\(index)]", "a string", value)
            }
            texts.append(text)
        }
        return texts
    }
}

package import JSON

/// A function that the model may call.
package struct ToolDefinition: Sendable, Equatable {
    package let name: String
    /// The JSON schema of its arguments.
    package let parameters: JSONValue?
    /// Its arguments must fit the schema, all of which must be enforceable.
    package let isStrict: Bool
    /// The whole tool object as the client wrote it; templates render it.
    package let json: JSONValue

    package static let limit = 128

    init(_ value: JSONValue, path: String) throws(APIError) {
        var reader = try FieldReader(value, path: path)
        guard try reader.string("type") == "function", let function = reader.value("function") else {
            throw .invalid(path + ".type", "'\(path).type' must be 'function'.")
        }
        try reader.finish()
        var inner = try FieldReader(function, path: path + ".function")
        try self.init(function: &inner, parameters: "parameters", json: value)
    }

    /// The form of responses, where name and parameters stand beside the type.
    init(flat value: JSONValue, path: String) throws(APIError) {
        var reader = try FieldReader(value, path: path)
        guard try reader.string("type") == "function" else {
            throw .invalid(path + ".type", "'\(path).type' must be 'function': the server has no tools of its own.")
        }
        try self.init(function: &reader, parameters: "parameters", json: nil)
    }

    /// Anthropic's form.
    init(anthropic value: JSONValue, path: String) throws(APIError) {
        var reader = try FieldReader(value, path: path)
        guard try reader.string("type") ?? "custom" == "custom" else {
            throw .invalid(path + ".type", "'\(path).type' must be 'custom': the server has no tools of its own.")
        }
        reader.ignore(["cache_control"])
        try self.init(function: &reader, parameters: "input_schema", json: nil)
    }

    /// - Parameters:
    ///   - parameters: the field with the schema.
    ///   - json: what templates render; nil to make it.
    private init(function reader: inout FieldReader, parameters field: String, json: JSONValue?) throws(APIError) {
        guard let name = try reader.string("name"), Self.isName(name) else {
            let place = reader.name("name")
            throw .invalid(place, "'\(place)' must have 1 to 64 letters, digits, underscores or dashes.")
        }
        let description = try reader.string("description")
        parameters = reader.value(field)
        if let parameters, parameters.object == nil { throw reader.wrongType(field, "an object", parameters) }
        isStrict = try reader.bool("strict") ?? false
        try reader.finish()
        self.name = name
        var function: JSONObject = ["name": .string(name)]
        function["description"] = description.map(JSONValue.string)
        function["parameters"] = parameters
        self.json = json ?? ["type": "function", "function": .object(function)]
    }

    /// The field `tools`, each entry read by `read`.
    ///
    /// - Parameter name: where in an entry its name stands.
    static func list(
        _ reader: inout FieldReader, name: String = "name",
        _ read: (JSONValue, String) throws(APIError) -> ToolDefinition
    ) throws(APIError) -> [ToolDefinition] {
        let values = try reader.array("tools") ?? []
        guard values.count <= limit else {
            throw .invalid("tools", "'tools' may have at most \(limit) entries, got \(values.count).")
        }
        var tools: [ToolDefinition] = []
        for (index, value) in values.enumerated() {
            let tool = try read(value, "tools[\(index)]")
            guard !tools.contains(where: { $0.name == tool.name }) else {
                throw .invalid("tools[\(index)].\(name)", "Two tools have the name '\(tool.name)'.")
            }
            tools.append(tool)
        }
        return tools
    }

    private static func isName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

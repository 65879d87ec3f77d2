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
        guard let name = try inner.string("name"), Self.isName(name) else {
            throw .invalid(
                path + ".function.name",
                "'\(path).function.name' must have 1 to 64 letters, digits, underscores or dashes.")
        }
        _ = try inner.string("description")
        parameters = inner.value("parameters")
        if let parameters, parameters.object == nil { throw inner.wrongType("parameters", "an object", parameters) }
        isStrict = try inner.bool("strict") ?? false
        try inner.finish()
        self.name = name
        json = value
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

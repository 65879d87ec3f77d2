package import JSON

/// A call of a function by the model: in the history that a client sends back, or in an answer.
package struct ToolCall: Sendable, Equatable {
    package let id: String
    package let name: String
    /// A JSON object as text, as OpenAI's wire has it.
    package var arguments: String

    package init(id: String, name: String, arguments: String) {
        self.id = id
        self.name = name
        self.arguments = arguments
    }

    init(_ value: JSONValue, path: String) throws(APIError) {
        var reader = try FieldReader(value, path: path)
        guard let id = try reader.string("id") else { throw .invalid(path + ".id", "'\(path).id' is required.") }
        guard try reader.string("type") ?? "function" == "function", let function = reader.value("function") else {
            throw .invalid(path, "'\(path)' must be a call of type 'function'.")
        }
        reader.ignore(["index"])
        try reader.finish()
        var inner = try FieldReader(function, path: path + ".function")
        guard let name = try inner.string("name"), let arguments = try inner.string("arguments") else {
            throw .invalid(path + ".function", "'\(path).function' needs 'name' and 'arguments'.")
        }
        try inner.finish()
        self.init(id: id, name: name, arguments: arguments)
    }

    /// `index` is for stream deltas, whose readers join pieces by it.
    package func json(index: Int? = nil) -> JSONValue {
        var object: JSONObject = [
            "id": .string(id), "type": "function",
            "function": .object(["name": .string(name), "arguments": .string(arguments)]),
        ]
        object["index"] = index.map { .integer(Int64($0)) }
        return .object(object)
    }
}

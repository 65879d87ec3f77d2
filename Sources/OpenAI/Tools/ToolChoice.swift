import JSON

/// Whether the model may, must or must not call a tool.
package enum ToolChoice: Sendable, Equatable {
    case auto
    case none
    /// Some tool.
    case required
    /// This tool.
    case named(String)
    /// Only these tools; whether it must call one of them.
    case allowed([String], isRequired: Bool)

    static func read(_ reader: inout FieldReader) throws(APIError) -> ToolChoice {
        switch reader.value("tool_choice") {
        case nil, "auto": return .auto
        case "none": return .none
        case "required": return .required
        case .some(let value) where value.object != nil: return try object(value)
        default:
            throw .invalid("tool_choice", "'tool_choice' must be 'auto', 'none', 'required' or an object.")
        }
    }

    private static func object(_ value: JSONValue) throws(APIError) -> ToolChoice {
        var reader = try FieldReader(value, path: "tool_choice")
        let type = try reader.string("type")
        switch type {
        case "function":
            let name = try name(&reader)
            try reader.finish()
            return .named(name)
        case "allowed_tools":
            guard let inner = reader.value("allowed_tools") else {
                throw .invalid("tool_choice.allowed_tools", "'tool_choice.allowed_tools' is required.")
            }
            try reader.finish()
            return try allowed(inner)
        default:
            throw .invalid("tool_choice.type", "'tool_choice.type' must be 'function' or 'allowed_tools'.")
        }
    }

    private static func name(_ reader: inout FieldReader) throws(APIError) -> String {
        guard let function = reader.value("function") else {
            throw .invalid(reader.name("function"), "'\(reader.name("function"))' is required.")
        }
        var inner = try FieldReader(function, path: reader.name("function"))
        guard let name = try inner.string("name") else {
            throw .invalid(inner.name("name"), "'\(inner.name("name"))' is required.")
        }
        try inner.finish()
        return name
    }

    private static func allowed(_ value: JSONValue) throws(APIError) -> ToolChoice {
        var reader = try FieldReader(value, path: "tool_choice.allowed_tools")
        let mode = try reader.string("mode") ?? "auto"
        guard mode == "auto" || mode == "required" else {
            throw .invalid(reader.name("mode"), "'\(reader.name("mode"))' must be 'auto' or 'required'.")
        }
        guard let values = try reader.array("tools"), !values.isEmpty else {
            throw .invalid(reader.name("tools"), "'\(reader.name("tools"))' must name at least one tool.")
        }
        try reader.finish()
        var names: [String] = []
        for (index, value) in values.enumerated() {
            var tool = try FieldReader(value, path: "tool_choice.allowed_tools.tools[\(index)]")
            guard try tool.string("type") == "function" else {
                throw .invalid(tool.name("type"), "'\(tool.name("type"))' must be 'function'.")
            }
            names.append(try name(&tool))
            try tool.finish()
        }
        return .allowed(names, isRequired: mode == "required")
    }

    /// The form of responses, where the name stands beside the type.
    static func readFlat(_ reader: inout FieldReader) throws(APIError) -> ToolChoice {
        guard let value = reader.value("tool_choice"), value.object != nil else { return try read(&reader) }
        var choice = try FieldReader(value, path: "tool_choice")
        switch try choice.string("type") {
        case "function":
            guard let name = try choice.string("name") else {
                throw .invalid("tool_choice.name", "'tool_choice.name' is required.")
            }
            try choice.finish()
            return .named(name)
        case "allowed_tools":
            let mode = try choice.string("mode") ?? "auto"
            guard mode == "auto" || mode == "required", let tools = try choice.array("tools"), !tools.isEmpty else {
                throw .invalid("tool_choice", "'tool_choice' needs a mode, 'auto' or 'required', and 'tools'.")
            }
            try choice.finish()
            return .allowed(tools.compactMap { $0.object?["name"]?.string }, isRequired: mode == "required")
        default:
            throw .invalid("tool_choice.type", "'tool_choice.type' must be 'function' or 'allowed_tools'.")
        }
    }
}

package import JSON

/// A text with `{names}` in it, and the values that each may have.
package struct PromptMatrix: Sendable {
    package struct Axis: Sendable {
        let name: String
        let values: [JSONValue]
    }

    package let template: String
    package let axes: [Axis]
    /// Combinations of all axes.
    package let count: Int

    /// Most prompts of one source.
    package static let limit = 10_000_000

    package init(template: String, axes: [(name: String, values: [JSONValue])]) {
        self.template = template
        self.axes = axes.map { Axis(name: $0.name, values: $0.values) }
        count = Self.product(self.axes) ?? 0
    }

    /// The last axis turns fastest.
    /// - Parameter index: below `count`.
    func fields(at index: Int) -> JSONObject {
        var rest = index
        var choices: [(String, JSONValue)] = []
        for axis in axes.reversed() {
            choices.append((axis.name, axis.values[rest % axis.values.count]))
            rest /= axis.values.count
        }
        return JSONObject(choices.reversed())
    }

    /// The text with its names replaced, in one pass: braces in a value stay what they are.
    package static func fill(_ template: String, _ fields: JSONObject) -> String {
        var text = ""
        var rest = template[...]
        while let open = rest.firstIndex(of: "{") {
            text += rest[..<open]
            rest = rest[open...]
            if let close = rest.firstIndex(of: "}"), let value = fields[String(rest[..<close].dropFirst())] {
                text += value.string ?? String(decoding: value.serialized, as: UTF8.self)
                rest = rest[rest.index(after: close)...]
            } else {
                text += "{"
                rest = rest.dropFirst()
            }
        }
        return text + rest
    }

    /// The same for all texts in a value. One that is a name and nothing else becomes what the name stands for, so that a
    /// number stays one.
    static func fill(_ value: JSONValue, _ fields: JSONObject) -> JSONValue {
        switch value {
        case .string(let text):
            guard text.hasPrefix("{"), text.hasSuffix("}"), let whole = fields[String(text.dropFirst().dropLast())]
            else { return .string(fill(text, fields)) }
            return whole
        case .array(let elements): return .array(elements.map { fill($0, fields) })
        case .object(let object): return .object(JSONObject(object.members.map { ($0.name, fill($0.value, fields)) }))
        default: return value
        }
    }

    /// Nil beyond `limit`.
    private static func product(_ axes: [Axis]) -> Int? {
        var count = 1
        for axis in axes {
            let (product, overflow) = count.multipliedReportingOverflow(by: axis.values.count)
            guard !overflow, product <= limit else { return nil }
            count = product
        }
        return count
    }
}

extension PromptMatrix {
    /// - Parameter key: where the recipe has the template.
    init(
        _ template: String, _ reader: inout RecipeReader, key: String, folder: String
    ) throws(RecipeError) {
        var axes: [Axis] = []
        if var values = try reader.section("values") {
            for name in try reader.names("values") {
                guard template.contains("{\(name)}") else {
                    throw values.error(name, "does not stand in the \(key) as {\(name)}")
                }
                axes.append(Axis(name: name, values: try Self.values(name, &values, folder: folder)))
            }
        }
        guard let count = Self.product(axes) else {
            throw reader.error("values", "have more than \(Self.limit) combinations")
        }
        self.template = template
        self.axes = axes
        self.count = count
    }

    /// A list, a range of whole numbers, or the lines of a file.
    private static func values(
        _ name: String, _ reader: inout RecipeReader, folder: String
    ) throws(RecipeError) -> [JSONValue] {
        let value = try reader.json(name)
        guard case .object? = value else {
            let list = value?.array ?? [value ?? .null]
            guard !list.isEmpty, list.allSatisfy({ $0.array == nil && $0.object == nil && !$0.isNull }) else {
                throw reader.error(name, "must be a list of texts or numbers, or a mapping")
            }
            return list
        }
        guard var source = try reader.section(name) else { return [] }
        if let path = try source.string("file") {
            try source.finish()
            let lines = try InputFile.lines(FilePath.resolve(path, in: folder))
            guard !lines.isEmpty else { throw source.error("file", "has no line") }
            return lines.map(JSONValue.string)
        }
        let bounds = -1_000_000_000...1_000_000_000
        guard let from = try source.integer("from", in: bounds), let to = try source.integer("to", in: bounds) else {
            throw source.error("needs a list, 'file', or 'from' and 'to'")
        }
        let step = try source.integer("step", in: 1...1_000_000_000) ?? 1
        try source.finish()
        guard from <= to, (to - from) / step < limit else { throw source.error("to", "must be from 'from' upwards") }
        return stride(from: from, through: to, by: step).map { .integer(Int64($0)) }
    }
}

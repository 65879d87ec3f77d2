package import JSON

/// Takes the fields of a request object one by one, checked, and at the end refuses what nobody took.
///
/// JSON null counts as absent, since the official client sends it for arguments that were given as None.
/// Foundation's decoder is no help here: it takes `true` for 1 and its errors do not name the field.
package struct FieldReader {
    private let object: JSONObject
    /// Prefix of the field names in errors: empty at the top, `messages[0].` inside.
    private let path: String
    private var taken: Set<String> = []

    package init(_ value: JSONValue, path: String = "") throws(APIError) {
        guard case .object(let object) = value else {
            let name = path.isEmpty ? nil : path
            throw .invalid(name, "\(name ?? "The request body") must be an object, got \(value.kind).")
        }
        self.object = object
        self.path = path.isEmpty ? "" : path + "."
    }

    /// The full name of a field, as errors give it.
    package func name(_ field: String) -> String { path + field }

    /// The value as it is; nil when absent or null.
    package mutating func value(_ field: String) -> JSONValue? {
        taken.insert(field)
        guard let value = object[field], !value.isNull else { return nil }
        return value
    }

    package mutating func string(_ field: String) throws(APIError) -> String? {
        guard let value = value(field) else { return nil }
        guard let string = value.string else { throw wrongType(field, "a string", value) }
        return string
    }

    package mutating func bool(_ field: String) throws(APIError) -> Bool? {
        guard let value = value(field) else { return nil }
        guard let bool = value.bool else { throw wrongType(field, "a boolean", value) }
        return bool
    }

    package mutating func array(_ field: String) throws(APIError) -> [JSONValue]? {
        guard let value = value(field) else { return nil }
        guard let array = value.array else { throw wrongType(field, "an array", value) }
        return array
    }

    package mutating func integer(_ field: String, in range: ClosedRange<Int64>) throws(APIError) -> Int? {
        guard let value = value(field) else { return nil }
        guard let integer = value.integer else { throw wrongType(field, "an integer", value) }
        guard range.contains(integer) else { throw outOfRange(field, "\(integer)", range) }
        return Int(integer)
    }

    package mutating func number(_ field: String, in range: ClosedRange<Double>) throws(APIError) -> Double? {
        guard let value = value(field) else { return nil }
        guard let number = value.number else { throw wrongType(field, "a number", value) }
        guard range.contains(number) else { throw outOfRange(field, "\(number)", range) }
        return number
    }

    /// Fields that change nothing about the answer.
    package mutating func ignore(_ fields: Set<String>) { taken.formUnion(fields) }

    /// Refuses every field that was neither taken nor ignored.
    package func finish() throws(APIError) {
        guard let unknown = object.members.first(where: { !taken.contains($0.name) }) else { return }
        let name = name(String(unknown.name.prefix(100)))
        throw .unsupported(name, "Unknown or unsupported field: '\(name)'.")
    }

    package func wrongType(_ field: String, _ expected: String, _ got: JSONValue) -> APIError {
        .invalid(name(field), "'\(name(field))' must be \(expected), got \(got.kind).")
    }

    private func outOfRange<Bound>(_ field: String, _ got: String, _ range: ClosedRange<Bound>) -> APIError {
        .invalid(
            name(field),
            "'\(name(field))' must be between \(range.lowerBound) and \(range.upperBound), got \(got.prefix(40)).")
    }
}

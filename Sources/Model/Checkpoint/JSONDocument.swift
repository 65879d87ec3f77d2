import JSON

/// A JSON file that is one object, with typed look-ups whose errors name the member. A member that is null is absent.
struct JSONDocument {
    let file: String
    let object: JSONObject

    init(_ directory: ModelDirectory, _ name: String, limit: Int) throws(CheckpointError) {
        try self.init(bytes: directory.bytes(name, limit: limit), file: directory.path(of: name))
    }

    init(bytes: [UInt8], file: String) throws(CheckpointError) {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw .malformed(
                CheckpointError.Place(file: file, offset: error.offset, field: "document"), reason: error.reason)
        }
        guard let object = value.object else {
            throw .malformed(
                CheckpointError.Place(file: file, offset: nil, field: "document"), reason: "is not an object")
        }
        self.file = file
        self.object = object
    }

    /// A member of a document as a document.
    init(file: String, object: JSONObject) {
        self.file = file
        self.object = object
    }

    func place(_ field: String) -> CheckpointError.Place {
        CheckpointError.Place(file: file, offset: nil, field: field)
    }

    subscript(name: String) -> JSONValue? {
        guard let value = object[name], !value.isNull else { return nil }
        return value
    }

    func required<Value>(_ name: String, _ value: Value?) throws(CheckpointError) -> Value {
        guard let value else { throw .missing(file: file, what: "member", names: [name]) }
        return value
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(CheckpointError) -> Int? {
        guard let value = self[name] else { return nil }
        guard let number = value.integer else { throw wrongKind(name, value, "an integer") }
        guard let small = Int(exactly: number), range.contains(small) else {
            guard number >= 0 else { throw .malformed(place(name), reason: "is negative: \(number)") }
            throw .outOfRange(
                place(name), allowed: UInt64(range.lowerBound)...UInt64(range.upperBound), got: UInt64(number))
        }
        return small
    }

    /// A number within bounds.
    func number(_ name: String, in range: ClosedRange<Double>) throws(CheckpointError) -> Double? {
        guard let value = self[name] else { return nil }
        guard let number = value.number else { throw wrongKind(name, value, "a number") }
        guard range.contains(number) else {
            throw .malformed(
                place(name), reason: "is \(number), allowed is \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func bool(_ name: String) throws(CheckpointError) -> Bool? {
        guard let value = self[name] else { return nil }
        guard let bool = value.bool else { throw wrongKind(name, value, "a boolean") }
        return bool
    }

    func string(_ name: String) throws(CheckpointError) -> String? {
        guard let value = self[name] else { return nil }
        guard let string = value.string else { throw wrongKind(name, value, "a string") }
        return string
    }

    func document(_ name: String) throws(CheckpointError) -> JSONDocument? {
        guard let value = self[name] else { return nil }
        guard let object = value.object else { throw wrongKind(name, value, "an object") }
        return JSONDocument(file: file, object: object)
    }

    /// Token ids, written as one number or a list; empty where the member is absent.
    func ids(_ name: String, vocabulary: Int) throws(CheckpointError) -> [Int32] {
        guard let value = self[name] else { return [] }
        var ids: [Int32] = []
        for element in value.array ?? [value] {
            guard let number = element.integer else { throw wrongKind(name, element, "an integer or a list of them") }
            guard let id = Int32(exactly: number), (0..<Int32(vocabulary)).contains(id) else {
                throw .malformed(place(name), reason: "\(number) is not in the vocabulary of \(vocabulary) tokens")
            }
            if !ids.contains(id) { ids.append(id) }
        }
        return ids
    }

    private func wrongKind(_ name: String, _ value: JSONValue, _ wanted: String) -> CheckpointError {
        .malformed(place(name), reason: "must be \(wanted), is \(value.kind)")
    }
}

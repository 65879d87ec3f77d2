import Yams

/// Reads one mapping of a YAML file field by field, and at the end refuses what nobody took. Values are taken as they were
/// written: YAML would make a number of a hash such as 1234e5678.
struct YAMLEntry {
    private let line: Int?
    private let failure: (_ line: Int?, _ problem: String) -> any Error
    private var fields: [String: Node] = [:]

    /// - Parameters:
    ///   - kind: for the error of what is no mapping: `an entry must have a name`.
    ///   - failure: the file's error.
    init(
        _ node: Node, orElse kind: String, failure: @escaping (_ line: Int?, _ problem: String) -> any Error
    ) throws {
        line = node.mark?.line
        self.failure = failure
        guard let mapping = node.mapping else { throw failure(line, kind) }
        for (name, value) in mapping { fields[name.string ?? ""] = value }
    }

    func error(_ problem: String, at node: Node? = nil) -> any Error { failure(node?.mark?.line ?? line, problem) }

    func has(_ field: String) -> Bool { fields[field] != nil }

    /// - Parameter expected: for the error: `true or false`.
    mutating func value<Value>(_ field: String, _ expected: String, _ read: (String) -> Value?) throws -> Value? {
        guard let node = fields.removeValue(forKey: field) else { return nil }
        guard let value = node.scalar.flatMap({ read($0.string) }) else {
            throw error("'\(field)' must be \(expected)", at: node)
        }
        return value
    }

    mutating func required<Value>(_ field: String, _ expected: String, _ read: (String) -> Value?) throws -> Value {
        guard let value = try value(field, expected, read) else { throw error("'\(field)' is missing") }
        return value
    }

    mutating func integer(_ field: String, in range: ClosedRange<Int>) throws -> Int? {
        try value(field, "a number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    mutating func list(_ field: String, of expected: String = "names") throws -> [String]? {
        guard let node = fields.removeValue(forKey: field) else { return nil }
        guard let texts = node.sequence?.map(\.scalar?.string), !texts.contains(nil) else {
            throw error("'\(field)' must be a list of \(expected)", at: node)
        }
        return texts.compactMap { $0 }
    }

    func finish() throws {
        guard let unknown = fields.keys.sorted().first else { return }
        throw error("'\(unknown)' is not known", at: fields[unknown])
    }
}

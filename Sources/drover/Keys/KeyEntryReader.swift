import Foundation
import Service
import Yams

/// Reads one entry of a key file, and refuses what is not known. Values are taken as they were written: YAML would make a
/// number of a hash such as 1234e5678.
struct KeyEntryReader {
    private let path: String
    private let line: Int?
    private var fields: [String: Node] = [:]

    init(_ entry: Node, path: String) throws {
        self.path = path
        line = entry.mark?.line
        guard let mapping = entry.mapping else { throw error("an entry must have a name and a sha256") }
        for (name, value) in mapping { fields[name.string ?? ""] = value }
    }

    func error(_ problem: String, at node: Node? = nil) -> KeyFileError {
        .malformed(path: path, line: node?.mark?.line ?? line, problem: problem)
    }

    /// The key that the entry describes.
    mutating func key() throws -> ClientKey {
        let name = try required("name", "1 to 64 letters, digits, dots, hyphens or underscores") {
            ClientKey.isValid(name: $0) ? $0 : nil
        }
        var key = ClientKey(
            name: name,
            digest: try required("sha256", "the 64 hexadecimal digits of a SHA-256", SHA256.Digest.init(hex:)))
        key.expires = try value("expires", "a time such as 2027-01-31T12:00:00Z", Self.time)
        key.priority = try value("priority", "interactive or batch", Self.priority) ?? key.priority
        key.mayRaisePriority = try value("may-raise-priority", "true or false", Bool.init) ?? key.mayRaisePriority
        key.weight = try value("weight", "a number from 0.01 to 100", Self.weight) ?? key.weight
        key.limits = KeyLimits(
            requests: try count("concurrent-requests"), requestsPerMinute: try count("requests-per-minute"),
            tokensPerMinute: try count("tokens-per-minute"), tokensPerDay: try count("tokens-per-day"))
        key.models = try list("models")
        key.isAdmin = try value("admin", "true or false", Bool.init) ?? key.isAdmin
        key.sharesCache = try value("shared-cache", "true or false", Bool.init) ?? key.sharesCache
        if let unknown = fields.keys.sorted().first {
            throw error("'\(unknown)' is not known", at: fields[unknown])
        }
        return key
    }

    private mutating func value<Value>(
        _ field: String, _ expected: String, _ read: (String) -> Value?
    ) throws -> Value? {
        guard let node = fields.removeValue(forKey: field) else { return nil }
        guard let value = node.scalar.flatMap({ read($0.string) }) else {
            throw error("'\(field)' must be \(expected)", at: node)
        }
        return value
    }

    private mutating func required<Value>(
        _ field: String, _ expected: String, _ read: (String) -> Value?
    ) throws -> Value {
        guard let value = try value(field, expected, read) else { throw error("'\(field)' is missing") }
        return value
    }

    private mutating func count(_ field: String) throws -> Int? {
        try value(field, "a number from 1 to 1000000000000") { text in
            Int(text).flatMap { (1...1_000_000_000_000).contains($0) ? $0 : nil }
        }
    }

    private mutating func list(_ field: String) throws -> [String]? {
        guard let node = fields.removeValue(forKey: field) else { return nil }
        guard let names = node.sequence?.map(\.scalar?.string), !names.contains(nil) else {
            throw error("'\(field)' must be a list of names", at: node)
        }
        return names.compactMap { $0 }
    }

    private static func time(_ text: String) -> Int64? {
        ISO8601DateFormatter().date(from: text).map { Int64($0.timeIntervalSince1970) }
    }

    /// The numbers that requests have for these words.
    private static func priority(_ text: String) -> Int? { ["interactive": 0, "batch": 100][text] }

    private static func weight(_ text: String) -> Double? {
        Double(text).flatMap { (0.01...100).contains($0) ? $0 : nil }
    }
}

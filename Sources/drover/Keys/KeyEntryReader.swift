import Foundation
import Service
import Yams

/// Reads one entry of a key file.
struct KeyEntryReader {
    private let path: String
    private var entry: YAMLEntry

    init(_ entry: Node, path: String) throws {
        self.path = path
        self.entry = try YAMLEntry(entry, orElse: "an entry must have a name and a sha256") { line, problem in
            KeyFileError.malformed(path: path, line: line, problem: problem)
        }
    }

    func error(_ problem: String) -> any Error { entry.error(problem) }

    /// The key that the entry describes.
    mutating func key() throws -> ClientKey {
        let name = try entry.required("name", "1 to 64 letters, digits, dots, hyphens or underscores") {
            ClientKey.isValid(name: $0) ? $0 : nil
        }
        var key = ClientKey(
            name: name,
            digest: try entry.required("sha256", "the 64 hexadecimal digits of a SHA-256", SHA256.Digest.init(hex:)))
        key.expires = try entry.value("expires", "a time such as 2027-01-31T12:00:00Z", Self.time)
        key.priority = try entry.value("priority", "interactive or batch", Self.priority) ?? key.priority
        key.mayRaisePriority = try entry.value("may-raise-priority", "true or false", Bool.init) ?? key.mayRaisePriority
        key.weight = try entry.value("weight", "a number from 0.01 to 100", Self.weight) ?? key.weight
        key.limits = KeyLimits(
            requests: try count("concurrent-requests"), requestsPerMinute: try count("requests-per-minute"),
            tokensPerMinute: try count("tokens-per-minute"), tokensPerDay: try count("tokens-per-day"))
        key.models = try entry.list("models")
        key.isAdmin = try entry.value("admin", "true or false", Bool.init) ?? key.isAdmin
        key.sharesCache = try entry.value("shared-cache", "true or false", Bool.init) ?? key.sharesCache
        try entry.finish()
        return key
    }

    private mutating func count(_ field: String) throws -> Int? {
        try entry.integer(field, in: 1...1_000_000_000_000)
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

import Foundation
import Service
import Verifiers
import Yams

/// The parts of the settings file that have names of the operator's own: verifiers, and judges on other servers.
struct VerifierFile: Sendable {
    private(set) var verifiers: [String: VerifierSettings] = [:]
    private(set) var judges: [RemoteJudge] = []

    static let keys: Set<String> = ["verifiers", "judges"]

    /// None of either, without a file.
    init() {}

    /// Throws when one of them is wrong.
    init(path: String) throws {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let root = try Yams.compose(yaml: text)?.mapping
        for (name, node) in try Self.entries("verifiers", root, path) {
            verifiers[name] = try Self.verifier(node, name, path)
        }
        for (name, node) in try Self.entries("judges", root, path) { judges.append(try Self.judge(node, name, path)) }
    }

    private static func entries(_ key: String, _ root: Node.Mapping?, _ path: String) throws -> [(String, Node)] {
        guard let node = root?[Node(key)], node.null == nil else { return [] }
        guard let mapping = node.mapping else {
            throw SettingsError.malformed(
                file: path, line: node.mark?.line, problem: "'\(key)' must be a mapping of names")
        }
        return try mapping.map { name, entry in
            let text = name.string ?? ""
            // As for keys: such names need no quotes anywhere.
            guard ClientKey.isValid(name: text), text != SchemaVerifier.name else {
                let rule = "1 to 64 letters, digits, dots, hyphens or underscores, and not '\(SchemaVerifier.name)'"
                throw SettingsError.malformed(
                    file: path, line: name.mark?.line, problem: "the name '\(text.prefix(64))' must be \(rule)")
            }
            return (text, entry)
        }
    }

    private static func entry(_ node: Node, _ kind: String, _ path: String) throws -> YAMLEntry {
        try YAMLEntry(node, orElse: kind) { SettingsError.malformed(file: path, line: $0, problem: $1) }
    }

    private static func verifier(_ node: Node, _ name: String, _ path: String) throws -> VerifierSettings {
        var entry = try entry(node, "the verifier '\(name)' must have a command or a url", path)
        guard entry.has("command") != entry.has("url") else {
            throw entry.error("the verifier '\(name)' must have either a command or a url")
        }
        let settings: VerifierSettings =
            entry.has("url") ? .callback(try callback(&entry)) : .command(try command(&entry))
        try entry.finish()
        return settings
    }

    private static func callback(_ entry: inout YAMLEntry) throws -> CallbackSettings {
        CallbackSettings(
            url: try entry.required("url", "http://host[:port][/path] or https://…") { isURL($0) ? $0 : nil },
            timeout: try duration("timeout", &entry) ?? .seconds(10))
    }

    private static func command(_ entry: inout YAMLEntry) throws -> CommandSettings {
        guard let command = try entry.list("command", of: "a program and its arguments"), !command.isEmpty else {
            throw entry.error("'command' must be a list of a program and its arguments")
        }
        let paths = try entry.list("paths", of: "absolute paths") ?? []
        if let path = paths.first(where: { !$0.hasPrefix("/") }) { throw entry.error("'\(path)' is no absolute path") }
        let standard = CommandSettings(command: command)
        return CommandSettings(
            command: command, paths: paths, time: try duration("time", &entry) ?? standard.time,
            cpuSeconds: try entry.integer("cpu", in: 1...3600),
            memory: try bytes("memory", &entry, from: 1 << 20, to: 1 << 40) ?? standard.memory,
            processes: try entry.integer("processes", in: 1...4096) ?? standard.processes,
            output: try bytes("output", &entry, from: 1 << 10, to: 16 << 20) ?? standard.output)
    }

    private static func judge(_ node: Node, _ name: String, _ path: String) throws -> RemoteJudge {
        var entry = try entry(node, "the judge '\(name)' must have a url", path)
        let url = try entry.required("url", "http://host[:port] or https://…") { isURL($0) ? $0 : nil }
        let keyFile = try entry.value("api-key-file", "a path") { $0 }
        let key = try keyFile.map { path in
            let bytes = try PrivateFile(path: path, kind: "file of an API key").read(limit: 4096)
            return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let judge = try RemoteJudge(
            name: name, url: url, model: try entry.value("model", "a name") { $0 }, key: key,
            timeout: try duration("timeout", &entry) ?? .seconds(60))
        try entry.finish()
        return judge
    }

    private static func isURL(_ text: String) -> Bool {
        guard let parts = URLComponents(string: text), let host = parts.host else { return false }
        // The client sends no query.
        return ["http", "https"].contains(parts.scheme) && !host.isEmpty && parts.query == nil
    }

    /// `10s` or `500ms`, up to an hour.
    private static func duration(_ field: String, _ entry: inout YAMLEntry) throws -> Duration? {
        try entry.value(field, "a time up to an hour, such as 10s or 500ms") { text in
            let isMilliseconds = text.hasSuffix("ms")
            guard isMilliseconds || text.hasSuffix("s"), let count = Int(text.dropLast(isMilliseconds ? 2 : 1)),
                (1...(isMilliseconds ? 3_600_000 : 3_600)).contains(count)
            else { return nil }
            return isMilliseconds ? .milliseconds(count) : .seconds(count)
        }
    }

    private static func bytes(
        _ field: String, _ entry: inout YAMLEntry, from least: Int, to most: Int
    ) throws -> Int? {
        let range = "\(ByteCount(bytes: least)) to \(ByteCount(bytes: most))"
        return try entry.value(field, "an amount from \(range), such as 64MiB") { text in
            ByteCount(argument: text).flatMap { (least...most).contains($0.bytes) ? $0.bytes : nil }
        }
    }
}

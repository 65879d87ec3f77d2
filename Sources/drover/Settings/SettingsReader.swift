import ArgumentParser
import Configuration
import Foundation
import SystemPackage
import Transport
import Yams

/// Settings from three places: flags over `DROVER_*` variables over a YAML file. A key is spelled the same in all
/// three: `--context-length`, `DROVER_CONTEXT_LENGTH`, `context-length:`.
struct SettingsReader {
    private let reader: ConfigReader

    /// - Parameter keys: all keys there are; another one in the file is an error, not a setting without effect.
    init(file: String?, keys: Set<String>) async throws {
        let environment = EnvironmentVariablesProvider().prefixKeys(with: "drover")
        guard let file else {
            reader = ConfigReader(provider: environment)
            return
        }
        try Self.check(file: file, keys: keys)
        let yaml = try await FileProvider<YAMLSnapshot>(filePath: FilePath(file))
        reader = ConfigReader(providers: [environment, yaml])
    }

    func value<Value: ExpressibleByArgument>(_ flag: Value?, _ key: String) throws -> Value? {
        if let flag { return flag }
        guard let text = reader.string(forKey: ConfigKey([key])) else { return nil }
        guard let value = Value(argument: text) else { throw SettingsError.invalidValue(key: key, text: text) }
        return value
    }

    private static func check(file: String, keys: Set<String>) throws {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw SettingsError.unreadable(file: file)
        }
        guard let settings = (try Yams.load(yaml: text) ?? [String: Any]()) as? [String: Any] else {
            throw SettingsError.notAMapping(file: file)
        }
        if let key = settings.keys.sorted().first(where: { !keys.contains($0) }) {
            throw SettingsError.unknownKey(file: file, key: key)
        }
    }
}

enum SettingsError: Error, CustomStringConvertible {
    case unreadable(file: String)
    case notAMapping(file: String)
    case unknownKey(file: String, key: String)
    /// A part of the file that is not what it must be.
    case malformed(file: String, line: Int?, problem: String)
    case invalidValue(key: String, text: String)
    /// A number that is not 1 to `limit`.
    case outOfRange(key: String, number: Int, limit: Int)
    /// A setting that has no meaning beside another.
    case conflict(String, String)
    case unknownRoute(String)
    case exposed(Endpoint)

    var description: String {
        switch self {
        case .unreadable(let file): "The settings file \(file) cannot be read as UTF-8 text."
        case .notAMapping(let file): "The settings file \(file) must be a YAML mapping of keys to values."
        case .unknownKey(let file, let key): "The settings file \(file) has the unknown key '\(key)'."
        case .malformed(let file, let line, let problem):
            "The settings file \(file)\(line.map { ":\($0)" } ?? "") is wrong: \(problem)."
        case .conflict(let key, let reason): "The setting '\(key)' \(reason)."
        case .unknownRoute(let route): "The setting 'open-routes' names '\(route.prefix(100))', which is no route."
        case .exposed(let endpoint):
            """
            Listening on \(endpoint), beyond this machine, needs --api-key-file (see `drover key new --help`), \
            --tls-client-ca or --insecure.
            """
        case .invalidValue(let key, let text): "The setting '\(key)' cannot be '\(text.prefix(100))'."
        case .outOfRange(let key, let number, let limit):
            "The setting '\(key)' must be \(limit == .max ? "at least 1" : "1 to \(limit)"), not \(number)."
        }
    }
}

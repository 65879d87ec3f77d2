import ArgumentParser
import Curation
import Foundation
import JSON

/// The models of a recipe, ready to be asked.
struct CurationModels: Sendable {
    private let servers: [String: ModelServer]

    subscript(name: String) -> ModelServer {
        get throws {
            guard let server = servers[name] else { throw ModelServerError(server: name, problem: "is not there") }
            return server
        }
    }

    /// Connects to the servers and starts the local models, each once, for as long as the body runs.
    static func run(_ recipe: Recipe, _ body: (CurationModels) async throws -> Void) async throws {
        let used = recipe.usedModels
        let models = recipe.models.filter { used.contains($0.name) }
        let paths = Array(Set(models.filter { $0.url == nil }.map { $0.path ?? "" })).sorted()
        try await serve(paths[...], [:]) { urls in
            var servers: [String: ModelServer] = [:]
            for model in models {
                servers[model.name] = try ModelServer(
                    name: model.name, url: model.url ?? urls[model.path ?? ""] ?? "", model: model.model,
                    key: try model.key, retries: recipe.generate.retries)
            }
            try await body(CurationModels(servers: servers))
            for server in servers.values { await server.disconnect() }
        }
    }

    /// - Parameter paths: of local models; empty for the bundled one.
    private static func serve(
        _ paths: ArraySlice<String>, _ urls: [String: String], _ body: ([String: String]) async throws -> Void
    ) async throws {
        guard let path = paths.first else { return try await body(urls) }
        // Nobody else is served here: the command's own requests may wait as long as they must.
        var flags = ["--listen", "127.0.0.1:0", "--log-level", "warning", "--max-samples", "128"]
        flags += ["--queue-limit", "1000000", "--key-queue-limit", "1000000"]
        if !path.isEmpty { flags += ["--model", path] }
        let settings = try await ServeSettings(ServeOptions.parse(flags))
        try await LocalServer.run(settings) { server in
            var urls = urls
            urls[path] = server.url
            try await serve(paths.dropFirst(), urls, body)
        }
    }
}

extension ModelSettings {
    /// The API key that the recipe's variable holds.
    fileprivate var key: String? {
        get throws {
            guard let keyVariable else { return nil }
            guard let key = ProcessInfo.processInfo.environment[keyVariable], !key.isEmpty else {
                throw ModelServerError(server: name, problem: "the variable \(keyVariable) with its key is not set")
            }
            return key
        }
    }
}

extension Recipe {
    /// The models that its stages ask.
    fileprivate var usedModels: Set<String> {
        Set([generate.model] + judge.map(\.model) + (dedup.semantic.map { [$0.model] } ?? []))
    }

    func model(_ name: String) -> ModelSettings? { models.first { $0.name == name } }
}

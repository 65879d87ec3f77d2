import Logging

/// The server, in this process, for as long as a command asks it.
enum LocalServer {
    /// - Parameter body: gets the server once the model is loaded.
    static func run(
        _ settings: ServeSettings, _ body: (DroverServer) async throws -> Void
    ) async throws {
        let server = try DroverServer(
            settings: settings, logger: Logger(label: "drover", level: settings.logLevel), asksForKeys: false)
        let ready = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // Also when loading fails, so that nobody waits for what will not come.
                defer { ready.continuation.finish() }
                try await server.run { ready.continuation.yield() }
            }
            var isReady = false
            for await _ in ready.stream {
                isReady = true
                break
            }
            if isReady {
                try await body(server)
                await server.stop()
            }
            while try await group.next() != nil {}
        }
    }
}

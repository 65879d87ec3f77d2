import ArgumentParser
import HTTP
import HTTPTypes
import Transport

/// The HTTP server without a model behind it, for load tests of streams (Tests/load/streams).
struct BenchEventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Serve event streams without a model: whatever is asked for, events at a fixed rate until it leaves.")

    @Option(help: "Port on 127.0.0.1.")
    var port: UInt16 = 8080
    @Option(help: "Events a second for each stream.")
    var rate = 10

    func validate() throws {
        guard (1...1000).contains(rate) else { throw ValidationError("'rate' must be from 1 to 1000.") }
    }

    func run() async throws {
        let feed = EventFeed()
        let server = HTTPServer(
            responder: feed,
            errorBody: { status, reason in
                Response(status: status, contentType: "text/plain", bytes: Array(reason.utf8))
            })
        let listener = Listener(try ListeningSocket(.internet(host: "127.0.0.1", port: port)))
        Terminal.status("listening on \(listener.endpoint)\n")
        try await withThrowingTaskGroup { group in
            group.addTask { try await feed.run(every: .seconds(1) / rate) }
            group.addTask { try await server.run([listener]) }
            try await group.next()
            group.cancelAll()
        }
    }
}

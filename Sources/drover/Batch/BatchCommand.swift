import ArgumentParser
import Foundation
import Jobs
import Service

struct BatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch", abstract: "Answer a file of requests.", subcommands: [BatchRunCommand.self])
}

/// Answers the lines of a file, with a model file or a running server. Killed, it goes on where it was.
struct BatchRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Answer the requests of a JSONL file in OpenAI's batch format.",
        discussion: """
            Answers go to OUT in the order of their lines, failures to OUT.errors, when all have run. Until then they lie in \
            the folder OUT.state, from which the same command goes on after it was interrupted. Lines without a seed get \
            one that is the same each time.
            """)

    @Argument(help: "Lines with custom_id, method, url and body.")
    var input: String
    @Argument(help: "Where the answers go.")
    var output: String
    @Option(help: "A GGUF file or a safetensors directory; the bundled model without it.")
    var model: String?
    @Option(help: "Ask an OpenAI-compatible server instead of loading a model.")
    var url: String?
    @Option(help: "API key for the server.")
    var key: String?
    @Option(help: "Requests at the same time.")
    var concurrency = 16

    func validate() throws {
        guard model == nil || url == nil else { throw ValidationError("Give --model or --url, not both.") }
        guard (1...1024).contains(concurrency) else { throw ValidationError("--concurrency must be 1 to 1024.") }
    }

    func run() async throws {
        let job = try await BatchJob(input: input, output: output)
        if let url {
            try await job.run(RemoteBatchWork(url: url, key: key, fingerprint: url), concurrency: concurrency)
            return
        }
        let flags = ["--listen", "127.0.0.1:0", "--log-level", "warning"] + (model.map { ["--model", $0] } ?? [])
        let settings = try await ServeSettings(ServeOptions.parse(flags))
        try await LocalServer.run(settings) { server in
            try await job.run(server.batchLines.work(for: job.batch), concurrency: concurrency)
        }
    }
}

import ArgumentParser
import JSON

/// Loads any OpenAI-compatible server and measures what its clients see.
struct BenchServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Load an OpenAI-compatible server with concurrent streaming clients and report latencies.")

    @Option(help: "The server, such as http://127.0.0.1:8080.")
    var url: String
    @Option(help: "Model name to ask for; without it the server chooses.")
    var model: String?
    @Option(help: "API key.")
    var key: String?
    @Option(help: "Clients at the same time.")
    var clients = 16
    @Option(help: "Requests in all.")
    var requests = 64
    @Option(help: "Words in each prompt that no other has; about as many tokens.")
    var inputWords = 100
    @Option(help: "Words before them that all prompts begin with.")
    var sharedWords = 0
    @Option(help: "Tokens to generate per request.")
    var outputTokens = 64
    @Option(help: "Samples of each prompt (n); several are drawn at temperature 1.")
    var samples = 1
    @Flag(help: "Let answers end by themselves instead of asking for exactly --output-tokens.")
    var natural = false
    @Flag(help: "Print the report as JSON.")
    var json = false

    func validate() throws {
        guard clients > 0, requests > 0, inputWords > 0, outputTokens > 0, sharedWords >= 0, samples > 0
        else {
            throw ValidationError("Counts must be positive.")
        }
    }

    func run() async throws {
        let load = LoadGenerator(
            clients: min(clients, requests), requests: requests, sharedWords: sharedWords, inputWords: inputWords,
            parameters: parameters, connect: { try RemoteModel(url: url, name: model, key: key) })
        let report = try await load.run { Terminal.status("\r\($0)") }
        Terminal.status("\n")
        print(json ? String(decoding: report.json.serialized, as: UTF8.self) : report.text)
        if report.failed > 0 { throw ExitCode.failure }
    }

    private var parameters: JSONObject {
        var parameters: JSONObject = ["max_tokens": .integer(Int64(outputTokens)), "temperature": samples > 1 ? 1 : 0]
        if samples > 1 { parameters["n"] = .integer(Int64(samples)) }
        if !natural { parameters["ignore_eos"] = true }
        return parameters
    }
}

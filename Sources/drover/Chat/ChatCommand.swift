import ArgumentParser
import Foundation
import JSON

/// A conversation in the terminal, with a model file or a running server.
struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Chat in the terminal. /reset starts over, /quit ends.")

    @Option(help: "A GGUF file or a safetensors directory; the bundled model without it.")
    var model: String?
    @Option(help: "Chat with an OpenAI-compatible server instead of loading a model.")
    var url: String?
    @Option(help: "Model name to ask the server for.")
    var name: String?
    @Option(help: "API key for the server.")
    var key: String?
    @Option(help: "System prompt.")
    var system: String?
    @Option(help: "Sampling temperature; the model's own default without it.")
    var temperature: Double?
    @Option(help: "Most tokens in one answer.")
    var maxTokens = 512

    func validate() throws {
        guard model == nil || url == nil else { throw ValidationError("Give --model or --url, not both.") }
    }

    func run() async throws {
        if let url { return try await converse(with: RemoteModel(url: url, name: name, key: key)) }
        let flags =
            ["--listen", "127.0.0.1:0", "--log-level", "warning"] + (model.map { ["--model", $0] } ?? [])
        let settings = try await ServeSettings(ServeOptions.parse(flags))
        try await LocalServer.run(settings) { server in
            try await converse(with: RemoteModel(url: server.url, name: nil, key: nil))
        }
    }

    private func converse(with model: RemoteModel) async throws {
        var conversation = Conversation(system: system)
        Terminal.output("Type a message; /reset starts over, /quit ends.\n")
        while let line = prompt() {
            switch line.trimmingCharacters(in: .whitespaces) {
            case "": continue
            case "/quit", "/exit": return
            case "/reset": conversation = Conversation(system: system)
            case let text:
                conversation.add("user", text)
                try await reply(to: &conversation, with: model)
            }
        }
    }

    private func prompt() -> String? {
        Terminal.output("> ")
        return readLine()
    }

    private func reply(to conversation: inout Conversation, with model: RemoteModel) async throws {
        let answer = TextCollector()
        do {
            _ = try await model.stream(messages: conversation.messages, parameters: parameters) { text in
                answer.append(text)
                Terminal.output(text)
            }
            conversation.add("assistant", answer.text)
        } catch let error as RemoteError {
            conversation.removeLast()
            Terminal.output("(\(error))")
        }
        Terminal.output("\n")
    }

    private var parameters: JSONObject {
        var parameters: JSONObject = ["max_tokens": .integer(Int64(maxTokens))]
        if let temperature { parameters["temperature"] = .number(temperature) }
        return parameters
    }
}

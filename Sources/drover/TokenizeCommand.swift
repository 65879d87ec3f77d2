import ArgumentParser
import Language
import Model

/// Shows how a model's tokenizer cuts a text.
struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Print the token ids of a text, one token a line.")

    @Argument(help: "The text; read from standard input without it.")
    var text: String?
    @Option(help: "A GGUF file or a safetensors directory; the bundled model without it.")
    var model: String?
    @Flag(help: "Let the texts of control tokens become those tokens.")
    var special = false
    @Flag(help: "Print the ids only, on one line.")
    var ids = false

    func run() throws {
        let checkpoint = try ModelSource(path: model).open()
        let tokenizer = try TextModel(checkpoint.text).tokenizer
        let tokens = tokenizer.encode(text ?? Self.standardInput(), allowsSpecial: special)
        if ids { return print(tokens.map(String.init).joined(separator: " ")) }
        for token in tokens {
            print(
                "\(token)\t\(String(decoding: tokenizer.vocabulary.bytes(of: token), as: UTF8.self).debugDescription)")
        }
    }

    private static func standardInput() -> String {
        var text = ""
        while let line = readLine(strippingNewline: false) { text += line }
        return text
    }
}

import HTTP
import HTTPTypes
import JSON
import Language
import Model

/// A reader of bytes from outside. A run may refuse its input in any way that is no trap; where two ways to read must
/// agree, `precondition` says so.
enum FuzzTarget: String, CaseIterable {
    case request, chunks, json, gguf, safetensors, tokenizer, template

    func run(_ bytes: [UInt8]) {
        switch self {
        case .request: Self.parse(bytes)
        case .chunks: Self.parse(Self.chunkedHead + bytes)
        case .json: Self.readJSON(bytes)
        case .gguf: bytes.withUnsafeBytes { Self.openGGUF($0) }
        case .safetensors: bytes.withUnsafeBytes { _ = try? SafetensorsFile(bytes: $0, name: "fuzz") }
        case .tokenizer: Self.tokenize(bytes)
        case .template: Self.render(bytes)
        }
    }

    private static let chunkedHead = Array("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)

    /// What the parser makes of the bytes must not depend on where they are cut.
    private static func parse(_ bytes: [UInt8]) {
        let whole = outcome([bytes])
        let middle = bytes.count / 2
        precondition(outcome([Array(bytes[..<middle]), Array(bytes[middle...])]) == whole)
        if bytes.count < 2048 { precondition(outcome(bytes.map { [$0] }) == whole) }
    }

    private static func outcome(_ pieces: [[UInt8]]) -> [String] {
        var parser = RequestParser()
        var events: [String] = []
        do throws(RequestError) {
            for piece in pieces {
                parser.append(piece)
                while let event = try parser.next() {
                    switch event {
                    case .head(let head): events.append("\(head.method) \(head.target.raw)")
                    case .body(let body): events.append("\(body.count)")
                    }
                }
            }
        } catch {
            events.append("\(error.status.code)")
        }
        return events
    }

    /// What is read and written reads back the same.
    private static func readJSON(_ bytes: [UInt8]) {
        guard let value = try? JSONValue(parsing: bytes) else { return }
        precondition((try? JSONValue(parsing: value.serialized)) == value)
    }

    private static func openGGUF(_ bytes: UnsafeRawBufferPointer) {
        guard let checkpoint = try? Checkpoint(bytes: bytes, name: "fuzz"), case .gguf(let assets) = checkpoint.text
        else { return }
        let file = GGUFVocabulary(
            model: assets.model, preTokenizer: assets.preTokenizer, tokens: assets.tokens.map { Array($0.utf8) },
            tokenTypes: assets.tokenTypes, merges: assets.merges.map { Array($0.utf8) })
        guard let vocabulary = try? Vocabulary(file) else { return }
        _ = Tokenizer(vocabulary).encode("abc é 12\n", allowsSpecial: true)
    }

    private static func tokenize(_ bytes: [UInt8]) {
        guard let vocabulary = try? Vocabulary(tokenizerFile: bytes) else { return }
        let tokenizer = Tokenizer(vocabulary)
        _ = tokenizer.decode(tokenizer.encodePrompt("<s>abc é 12\n", allowsSpecial: true))
    }

    private static func render(_ bytes: [UInt8]) {
        let special = ChatTemplate.SpecialTexts(begin: "<s>", end: "</s>")
        guard let source = String(validating: bytes, as: UTF8.self),
            let template = try? ChatTemplate(source, special: special)
        else { return }
        _ = try? template.render(messages: conversation, tools: tools, values: [("date_string", "1 Jan 2026")])
    }

    private static let conversation: [JSONValue] = [
        ["role": "system", "content": "Be brief."], ["role": "user", "content": "Weather?\n {{ 7*7 }} é"],
        [
            "role": "assistant", "content": nil,
            "tool_calls": [["id": "1", "function": ["name": "weather", "arguments": ["city": "Bern"]]]],
        ],
        ["role": "tool", "tool_call_id": "1", "content": "12.5"],
    ]

    private static let tools: [JSONValue] = [
        ["type": "function", "function": ["name": "weather", "parameters": ["type": "object"]]]
    ]
}

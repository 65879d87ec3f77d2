import Foundation
import JSON
import Language

/// Files that lie outside the repository (Meta's vocabulary and templates); their tests are skipped without them.
enum SharedData {
    private static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let llama3 = package.deletingLastPathComponent().appending(path: "shared/data/llama3")

    static let isPresent = FileManager.default.fileExists(atPath: llama3.appending(path: "vocab.gguf").path)

    static func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: llama3.appending(path: name))) }
    static func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }
    static func json(_ name: String) throws -> JSONValue { try JSONValue(parsing: try bytes(name)) }

    static func fixture(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: package.appending(path: "Tests/Fixtures/oracle-a/\(name)")))
    }

    /// Llama 3's vocabulary without its merges, whose order is that of the ids.
    static let llama3Tokenizer = Result { Tokenizer(try Vocabulary(try gguf(withMerges: false))) }

    static func gguf(withMerges: Bool) throws -> GGUFVocabulary {
        let values = try GGUFStrings(try bytes("vocab.gguf"))
        return GGUFVocabulary(
            model: "gpt2", preTokenizer: "llama-bpe", tokens: values.tokens, tokenTypes: values.tokenTypes,
            merges: withMerges ? values.merges : [], beginID: 128000,
            endIDs: [("tokenizer.ggml.eos_token_id", 128009)])
    }
}

/// Just enough of GGUF v3 to find the vocabulary of a well-formed file.
private struct GGUFStrings {
    private(set) var tokens: [[UInt8]] = []
    private(set) var tokenTypes: [Int32] = []
    private(set) var merges: [[UInt8]] = []
    private let bytes: [UInt8]
    private var position = 8

    private struct UnknownType: Error {}

    init(_ bytes: [UInt8]) throws {
        self.bytes = bytes
        _ = integer(UInt64.self)
        let count = integer(UInt64.self)
        for _ in 0..<count {
            let key = String(decoding: string(), as: UTF8.self)
            try readValue(of: key)
        }
    }

    private mutating func integer<Value: FixedWidthInteger>(_: Value.Type) -> Value {
        defer { position += MemoryLayout<Value>.size }
        return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: Value.self) }
    }

    private mutating func string() -> [UInt8] {
        let count = Int(integer(UInt64.self))
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    private mutating func readValue(of key: String) throws {
        let type = integer(UInt32.self)
        switch type {
        case 8: _ = string()
        case 9: try readArray(of: key)
        default: position += try Self.size(type)
        }
    }

    private mutating func readArray(of key: String) throws {
        let type = integer(UInt32.self)
        let count = Int(integer(UInt64.self))
        switch (key, type) {
        case ("tokenizer.ggml.tokens", 8): for _ in 0..<count { tokens.append(string()) }
        case ("tokenizer.ggml.merges", 8): for _ in 0..<count { merges.append(string()) }
        case ("tokenizer.ggml.token_type", 5): for _ in 0..<count { tokenTypes.append(integer(Int32.self)) }
        case (_, 8): for _ in 0..<count { _ = string() }
        default: position += try Self.size(type) * count
        }
    }

    private static func size(_ type: UInt32) throws -> Int {
        switch type {
        case 0, 1, 7: 1
        case 2, 3: 2
        case 4, 5, 6: 4
        case 10, 11, 12: 8
        default: throw UnknownType()
        }
    }
}

import Foundation
import Grammar
import JSON
import Language

/// A vocabulary of 2,048 tokens, all bytes among them, and texts read byte by byte.
enum Texts {
    static let vocabulary = Result {
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = package.appending(path: "Fixtures/oracle-a/tokenizer.json")
        return try Vocabulary(tokenizerFile: Array(try Data(contentsOf: file)))
    }

    static let trie = vocabulary.map { TokenTrie($0, count: $0.count) }

    static let byteTokens = trie.flatMap { trie in
        vocabulary.map { vocabulary in
            var tokens = [Int32](repeating: -1, count: 256)
            for id in 0..<Int32(vocabulary.count) where !vocabulary.isSpecial(id) {
                if let byte = vocabulary.bytes(of: id).first, vocabulary.bytes(of: id).count == 1 {
                    tokens[Int(byte)] = id
                }
            }
            return tokens
        }
    }

    /// The same with a horizon that many tokens are beyond.
    static let nearTrie = vocabulary.map { TokenTrie($0, count: $0.count, horizon: 2) }

    static func compile(
        _ grammar: Grammar, isLazy: Bool = false, over trie: Result<TokenTrie, any Error> = trie,
        budget: GrammarBudget = GrammarBudget()
    ) throws -> CompiledGrammar {
        try CompiledGrammar(grammar, trie: try trie.get(), isLazy: isLazy, budget: budget)
    }

    /// A matcher behind a text, or nil if no text of the grammar begins so.
    static func matcher(_ grammar: CompiledGrammar, behind text: String) throws -> TokenMatcher? {
        var matcher = TokenMatcher(grammar)
        let tokens = try byteTokens.get()
        for byte in text.utf8 {
            let token = tokens[Int(byte)]
            guard matcher.allows(token), matcher.accept(token) else { return nil }
        }
        return matcher
    }

    static func contains(_ grammar: CompiledGrammar, _ text: String) throws -> Bool {
        try matcher(grammar, behind: text)?.isComplete ?? false
    }

    static func schema(
        _ text: String, over trie: Result<TokenTrie, any Error> = trie, budget: GrammarBudget = GrammarBudget()
    ) throws -> CompiledGrammar {
        try compile(
            try SchemaCompiler.grammar(for: try JSONValue(parsing: Array(text.utf8))), over: trie, budget: budget)
    }
}

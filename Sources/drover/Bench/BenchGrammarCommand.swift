import ArgumentParser
import Foundation
import Grammar
import JSON
import Language
import Model

/// Times output constraints apart from any model: compiling them, and finding the tokens that may come next.
struct BenchGrammarCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grammar",
        abstract: "Measure output constraints over a model's vocabulary: compiling, token masks, single tokens.",
        discussion: """
            Texts are made of random allowed tokens. Masks of the first texts are cold: what the states of a grammar \
            allow is found when it is first asked for. Times are of one thread.
            """)

    @Option(help: "A GGUF file or a safetensors directory; the bundled model without it.")
    var model: String?
    @Option(help: "File with a JSON schema, repeat for several; a few built-in ones without it.")
    var schema: [String] = []
    @Option(help: "Texts of each grammar.")
    var texts = 100
    @Option(help: "Most tokens of a text.")
    var tokens = 200

    func validate() throws {
        guard (1...1_000_000).contains(texts), (1...100_000).contains(tokens) else {
            throw ValidationError("Texts must be 1 to 1000000, tokens 1 to 100000.")
        }
    }

    func run() throws {
        let vocabulary = try TextModel(try ModelSource(path: model).open().text).tokenizer.vocabulary
        let clock = ContinuousClock()
        var trie: TokenTrie?
        let time = clock.measure { trie = TokenTrie(vocabulary, count: vocabulary.count) }
        guard let trie else { return }
        print("\(vocabulary.count) tokens, their tree made in \(Self.text(time))")
        print("grammar       compile  states |     masks   mean    p99  p99.9    max | cold   max | one token")
        var random = SystemRandomNumberGenerator()
        for (name, grammar) in try grammars() {
            var compiled: CompiledGrammar?
            let compiling = try clock.measure { compiled = try CompiledGrammar(grammar, trie: trie) }
            guard let compiled else { continue }
            var run = Run()
            for text in 0..<texts { measure(compiled, isFirst: text < max(1, texts / 10), &run, &random) }
            print(run.line(name, compiled.stateCount, compiling))
        }
    }

    private static func text(_ time: Duration) -> String {
        time.formatted(.units(allowed: [.milliseconds], fractionalPart: .show(length: 1)))
    }

    private func grammars() throws -> [(String, Grammar)] {
        if !schema.isEmpty {
            return try schema.map { path in
                let bytes = Array(try Data(contentsOf: URL(filePath: path)))
                return (path, try SchemaCompiler.grammar(for: try JSONValue(parsing: bytes)))
            }
        }
        let person = try JSONValue(parsing: Array(Self.person.utf8))
        let tool = ToolCallGrammar.Tool(name: "save_person", parameters: person, isStrict: true)
        return [
            ("json object", try SchemaCompiler.grammar(for: ["type": "object"])),
            ("schema", try SchemaCompiler.grammar(for: person)),
            ("tool or text", try ToolCallGrammar.grammar(of: [tool], allowsSeveral: true, else: .text)),
            ("pattern", Grammar(try RegexParser.expression(#"(\w+ ){3,8}\w+[.!?]"#))),
        ]
    }

    /// What pydantic makes of a class with a list of its own kind.
    private static let person = #"""
        {"$defs": {"Person": {"type": "object", "properties": {
            "name": {"type": "string"}, "age": {"type": "integer", "minimum": 0, "maximum": 150},
            "email": {"anyOf": [{"type": "string", "format": "email"}, {"type": "null"}]},
            "role": {"enum": ["admin", "editor", "reader"]}, "about": {"type": "string", "maxLength": 200},
            "friends": {"type": "array", "items": {"$ref": "#/$defs/Person"}, "maxItems": 5}},
          "required": ["name", "age", "email", "role"], "additionalProperties": false}},
         "$ref": "#/$defs/Person"}
        """#

    /// Durations in microseconds.
    private struct Run {
        var cold: [Double] = []
        var warm: [Double] = []
        var single: [Double] = []

        func line(_ name: String, _ states: Int, _ compiling: Duration) -> String {
            let (warm, cold) = (warm.sorted(), cold.sorted())
            let mean = { (times: [Double]) in times.reduce(0, +) / Double(max(1, times.count)) }
            let part = { (share: Double) in
                warm.isEmpty ? 0 : warm[min(warm.count - 1, Int(Double(warm.count) * share))]
            }
            return String(
                format: "%@ %7.1f ms %6d | %9d %6.1f %6.1f %6.1f %6.1f | %5.1f %6.1f us | %5.2f us",
                name.padding(toLength: 12, withPad: " ", startingAt: 0), compiling / .milliseconds(1), states,
                warm.count,
                mean(warm), part(0.99), part(0.999), warm.last ?? 0, mean(cold), cold.last ?? 0, mean(single))
        }
    }

    private func measure(
        _ grammar: CompiledGrammar, isFirst: Bool, _ run: inout Run, _ random: inout SystemRandomNumberGenerator
    ) {
        let clock = ContinuousClock()
        var matcher = TokenMatcher(grammar)
        for _ in 0..<tokens where !matcher.isAtEnd && !matcher.isFree {
            let begin = clock.now
            let mask = matcher.mask()
            let end = clock.now
            let time = (end - begin) / .microseconds(1)
            if isFirst { run.cold.append(time) } else { run.warm.append(time) }
            guard let token = mask.randomElement(using: &random) else { return }
            let single = clock.measure { _ = matcher.allows(token) }
            run.single.append(single / .microseconds(1))
            guard matcher.accept(token) else { return }
        }
    }
}

extension TokenSet {
    fileprivate func randomElement(using random: inout SystemRandomNumberGenerator) -> Int32? {
        let size = words.reduce(0) { $0 + $1.nonzeroBitCount }
        guard size > 0 else { return nil }
        var rank = Int.random(in: 0..<size, using: &random)
        for (index, word) in words.enumerated() {
            guard rank >= word.nonzeroBitCount else {
                var bits = word
                for _ in 0..<rank { bits &= bits - 1 }
                return Int32(clamping: index * 64 + bits.trailingZeroBitCount)
            }
            rank -= word.nonzeroBitCount
        }
        return nil
    }
}

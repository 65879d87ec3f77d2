import Dispatch
import Engine
import Grammar
import JSON
import Language
import OpenAI
import Synchronization

/// Makes constraints of what clients ask for, off the engine thread, and keeps the last ones: most clients send the
/// same schema again and again.
final class GrammarCompiler: Sendable {
    /// All kept grammars together, in bytes.
    private static let cacheLimit = 64 << 20
    /// Grammars that wait to be compiled; each takes at most two seconds.
    private static let queueLimit = 32

    private struct Entry {
        let grammar: CompiledGrammar
        var use: UInt64
    }

    private struct State {
        var entries: [[UInt8]: Entry] = [:]
        var uses: UInt64 = 0
        var waiting = 0
    }

    private let state = Mutex(State())
    private let trie: OnceValue<TokenTrie>
    /// One at a time: what a client sends must not keep all cores from the model.
    private let queue = DispatchQueue(label: "grammar", qos: .utility)

    /// - Parameter count: how many tokens the model has logits for.
    init(_ vocabulary: Vocabulary, count: Int) {
        trie = OnceValue { TokenTrie(vocabulary, count: count) }
    }

    /// The constraint of a completion; nil for free text.
    func constraint(of fields: SamplingFields) async throws -> (any ConstraintSource)? {
        guard let format = fields.format else { return nil }
        return try await constraint(key: [], field: fields.formatField, isLazy: false, closes: true) {
            () throws(GrammarError) in
            try format.grammar()
        } of: {
            $0.write(format.json)
        }
    }

    /// The constraint of a chat's answer: of its tools, of its format, or of both.
    func constraint(of chat: ChatCompletionRequest) async throws -> (any ConstraintSource)? {
        guard !chat.callableTools.isEmpty else { return try await constraint(of: chat.sampling) }
        let format = chat.requiresToolCall ? nil : chat.sampling.format
        let tools = chat.callableTools.map {
            ToolCallGrammar.Tool(name: $0.name, parameters: $0.parameters, isStrict: $0.isStrict)
        }
        let key: [UInt8] = [1, chat.requiresToolCall ? 1 : 0, chat.allowsParallelToolCalls ? 1 : 0]
        return try await constraint(
            key: key, field: "tools", isLazy: !chat.requiresToolCall && format == nil, closes: false
        ) { () throws(GrammarError) in
            let otherwise: ToolCallGrammar.Alternative =
                if let format { .grammar(try format.grammar()) } else { chat.requiresToolCall ? .nothing : .text }
            return try ToolCallGrammar.grammar(
                of: tools, allowsSeveral: chat.allowsParallelToolCalls, else: otherwise)
        } of: { writer in
            for tool in chat.callableTools { writer.write(tool.json) }
            if let format { writer.write(format.json) }
        }
    }

    // MARK: Cache

    /// - Parameter content: writes all that the grammar is made of.
    private func constraint(
        key: [UInt8], field: String?, isLazy: Bool, closes: Bool,
        make: @escaping @Sendable () throws(GrammarError) -> Grammar,
        of content: (inout JSONWriter) -> Void
    ) async throws -> any ConstraintSource {
        var writer = JSONWriter()
        content(&writer)
        let key = key + writer.bytes
        if let grammar = find(key) { return GrammarConstraintSource(grammar: grammar, closes: closes) }
        do {
            let grammar = try await compiled(isLazy: isLazy, make)
            keep(grammar, key)
            return GrammarConstraintSource(grammar: grammar, closes: closes)
        } catch let error as GrammarError {
            throw APIError(error, field: field)
        }
    }

    private func find(_ key: [UInt8]) -> CompiledGrammar? {
        state.withLock { state in
            state.uses += 1
            state.entries[key]?.use = state.uses
            return state.entries[key]?.grammar
        }
    }

    private func keep(_ grammar: CompiledGrammar, _ key: [UInt8]) {
        state.withLock { state in
            state.uses += 1
            state.entries[key] = Entry(grammar: grammar, use: state.uses)
            var size = state.entries.reduce(0) { $0 + $1.key.count + $1.value.grammar.size }
            while size > Self.cacheLimit, let oldest = state.entries.min(by: { $0.value.use < $1.value.use }) {
                state.entries[oldest.key] = nil
                size -= oldest.key.count + oldest.value.grammar.size
            }
        }
    }

    // MARK: Compiling

    private func compiled(
        isLazy: Bool, _ make: @escaping @Sendable () throws(GrammarError) -> Grammar
    ) async throws -> CompiledGrammar {
        try enterQueue()
        let isCancelled = Flag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.async { [self] in
                    defer { state.withLock { $0.waiting -= 1 } }
                    // The time of a grammar begins when it is its turn.
                    let budget = GrammarBudget(isCancelled: { isCancelled.isSet })
                    continuation.resume(
                        with: Result { try CompiledGrammar(make(), trie: trie.value, isLazy: isLazy, budget: budget) })
                }
            }
        } onCancel: {
            isCancelled.set()
        }
    }

    private func enterQueue() throws(APIError) {
        let isFull = state.withLock { state in
            guard state.waiting < Self.queueLimit else { return true }
            state.waiting += 1
            return false
        }
        if isFull {
            throw .overloaded(
                "\(Self.queueLimit) output formats are waiting to be compiled; try again later.", retryAfterSeconds: 2)
        }
    }
}

private final class Flag: Sendable {
    private let flag = Atomic(false)

    var isSet: Bool { flag.load(ordering: .relaxed) }

    func set() { flag.store(true, ordering: .relaxed) }
}

/// A value made when it is first asked for, by one thread; others wait.
private final class OnceValue<Value: Sendable>: Sendable {
    private let state = Mutex<Value?>(nil)
    private let make: @Sendable () -> Value

    init(_ make: @escaping @Sendable () -> Value) { self.make = make }

    var value: Value {
        state.withLock { state in
            if let value = state { return value }
            let value = make()
            state = value
            return value
        }
    }
}

extension OutputFormat {
    fileprivate func grammar() throws(GrammarError) -> Grammar {
        switch self {
        case .schema(let schema): try SchemaCompiler.grammar(for: schema)
        case .object: try SchemaCompiler.grammar(for: ["type": "object"])
        case .regex(let pattern): Grammar(try RegexParser.expression(pattern))
        case .choice(let texts): Grammar(.choice(texts.map { .text($0) }))
        case .grammar(let text): try GBNFParser.grammar(text)
        }
    }

    /// Different formats have different documents.
    fileprivate var json: JSONValue {
        switch self {
        case .schema(let schema): ["schema", schema]
        case .object: "object"
        case .regex(let pattern): ["regex", .string(pattern)]
        case .choice(let texts): ["choice", .array(texts.map(JSONValue.string))]
        case .grammar(let text): ["grammar", .string(text)]
        }
    }
}

extension APIError {
    fileprivate init(_ error: GrammarError, field: String?) {
        let code =
            switch error {
            case .tooComplex: "schema_too_complex"
            case .unsupportedKeyword: "unsupported_parameter"
            default: "invalid_grammar"
            }
        let name = field ?? "the output format"
        self = .invalid(field, "'\(name)' cannot be used as an output constraint: \(error).", code: code)
    }
}

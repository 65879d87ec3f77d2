import Curation
import JSON

/// Draws the answers: for each prompt one request for all of its samples, which share the prompt's blocks.
struct GenerateStage: Sendable {
    let settings: GenerateSettings
    let server: ModelServer
    let store: WorkStore
    /// Of the recipe's seed and the model: with the settings and the prompt, what decides an answer.
    private let digest: ContentHash
    private let seed: ContentHash
    /// Of the model alone.
    private let identity: ContentHash

    init(_ recipe: Recipe, server: ModelServer, identity: ContentHash, store: WorkStore) {
        settings = recipe.generate
        self.server = server
        self.store = store
        self.identity = identity
        seed = ContentHash(Array("\(recipe.seed)".utf8))
        digest = settings.digest.with(seed.bytes, identity.bytes)
    }

    /// By which the answers of a prompt are found.
    func key(of prompt: Prompt) -> ContentHash { digest.with(prompt.key.bytes) }

    /// Of the request; the samples of one follow each other.
    func seed(of prompt: Prompt) -> Int64 { seed.with(prompt.key.bytes).seed }

    func missing(_ prompts: [Prompt]) throws -> [Prompt] {
        try prompts.filter { try store.body(.generate, key(of: $0)) == nil }
    }

    /// The answers to each prompt, drawn where they are not there yet.
    func run(_ prompts: [Prompt]) async throws -> [[Sample]] {
        let table = StageTable(store: store, table: .generate, unit: "prompts")
        try await table.fill(prompts.map { (key(of: $0), $0) }, atOnce: settings.concurrency) { prompt, key in
            let answer = try await answer(prompt)
            try check(answer.fingerprint)
            return rows(answer, key)
        }
        return try prompts.map { prompt in
            let row = try table.value(key(of: prompt)).object
            return row?["samples"]?.array?.compactMap { Sample($0) } ?? []
        }
    }

    /// Asks the model; keeps nothing.
    func answer(_ prompt: Prompt) async throws -> SampleReader {
        var body = settings.parameters
        body["messages"] = .array(prompt.messages)
        body["tools"] = prompt.tools
        body["n"] = .integer(Int64(settings.samples))
        body["seed"] = .integer(seed(of: prompt))
        if let top = settings.topLogprobs {
            body["logprobs"] = true
            if top > 0 { body["top_logprobs"] = .integer(Int64(top)) }
        }
        return try SampleReader(try await server.post("/v1/chat/completions", body), server: server.name)
    }

    private func rows(_ answer: SampleReader, _ key: ContentHash) -> [WorkStore.Row] {
        let row: JSONValue = [
            "samples": .array(answer.samples.map(\.json)), "prompt_tokens": .integer(Int64(answer.promptTokens)),
            "completion_tokens": .integer(Int64(answer.completionTokens)),
            "model": answer.model.map(JSONValue.string) ?? .null,
        ]
        let traces = answer.traces.enumerated().filter { !$1.isEmpty }.map { number, items in
            WorkStore.Row(.traces, key.with(number), JSONValue.array(items).serialized)
        }
        return traces + [WorkStore.Row(.generate, key, row.serialized)]
    }

    /// A set is one model's: a server that has another one by now, or computes otherwise, must not go on with it.
    func check(_ fingerprint: String?) throws {
        guard let fingerprint else { return }
        guard let earlier = try self.fingerprint() else {
            return try store.save([WorkStore.Row(.facts, identity, Array(fingerprint.utf8))])
        }
        guard earlier == fingerprint else {
            throw ModelServerError(
                server: server.name,
                problem: "is not the one that gave the earlier answers (\(earlier), now \(fingerprint)); "
                    + "--fresh begins anew")
        }
    }

    /// The server's word for weights and kernels, of the first answer.
    func fingerprint() throws -> String? {
        try store.body(.facts, identity).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The model's own name, as its answers have it.
    func modelName(_ prompts: [Prompt]) throws -> String? {
        for prompt in prompts {
            if let row = try store.value(.generate, key(of: prompt)) { return row.object?["model"]?.string }
        }
        return nil
    }
}

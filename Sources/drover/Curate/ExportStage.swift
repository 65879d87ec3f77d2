import Curation
import JSON

/// Writes the records of a set.
struct ExportStage: Sendable {
    let settings: ExportSettings
    let generate: GenerateStage
    let provenance: Provenance

    /// Returns the number of records.
    func run(_ dataset: Dataset, selector: Selector, to path: String) async throws -> Int {
        let plan = RecordPlan(dataset, settings.format, selector: selector)
        let progress = ProgressLine("export", unit: "records", total: plan.pairs.count, before: 0)
        var writer = try SetWriter(path: path, compresses: settings.gzip)
        for pair in plan.pairs {
            let prompt = dataset.prompts[dataset.entries[pair.chosen].prompt]
            let chosen = try await answer(dataset.entries[pair.chosen], prompt)
            let rejected: Record.Answer? =
                if let rejected = pair.rejected { try await answer(dataset.entries[rejected], prompt) } else { nil }
            let record = Record(prompt: prompt, chosen: chosen, rejected: rejected)
            try writer.write(record.json(settings.format, provenance))
            progress.advance()
        }
        try writer.finish()
        progress.finish()
        return writer.count
    }

    private func answer(_ entry: Entry, _ prompt: Prompt) async throws -> Record.Answer {
        let seed = generate.seed(of: prompt)
        // An answer that lost lines is not what its tokens say.
        guard entry.thinned == nil, settings.tokenIDs || settings.topLogprobs != nil else {
            return Record.Answer(entry: entry, seed: seed)
        }
        let key = generate.key(of: prompt).with(entry.number)
        let items = (try generate.store.value(.traces, key)?.array ?? []).map { $0.object ?? [:] }
        return Record.Answer(
            entry: entry, seed: seed, promptIDs: settings.tokenIDs ? try await promptIDs(prompt) : nil,
            tokenIDs: settings.tokenIDs ? try items.map(id) : nil,
            logprobs: settings.topLogprobs == nil ? nil : items.map(Self.logprob))
    }

    private func id(_ item: JSONObject) throws -> JSONValue {
        guard let id = item["id"] else {
            throw ModelServerError(server: generate.server.name, problem: "gives no token ids; leave 'token-ids' out")
        }
        return id
    }

    /// Without the bytes, which the id stands for.
    private static func logprob(_ item: JSONObject) -> JSONValue {
        var item = item
        item["bytes"] = nil
        if let top = item["top_logprobs"]?.array {
            item["top_logprobs"] = .array(top.map { $0.object.map(logprob) ?? $0 })
        }
        return .object(item)
    }

    private func promptIDs(_ prompt: Prompt) async throws -> [JSONValue] {
        var body: JSONObject = ["messages": .array(prompt.messages)]
        body["tools"] = prompt.tools
        let answer = try await generate.server.post("/tokenize", body)
        return answer["tokens"]?.array ?? []
    }
}

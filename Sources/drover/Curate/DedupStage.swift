import Curation
import JSON

/// Drops what is there twice, or nearly.
struct DedupStage: Sendable {
    let run: CurationRun

    private var settings: DedupSettings { run.recipe.dedup }

    func drop(from dataset: inout Dataset) async throws {
        if let lines = settings.lines { dataset.thin(lines) }
        let order = run.selector.order(dataset)
        let texts = order.map { dataset.comparedText(of: $0, settings.scope) }
        let progress = ProgressLine("dedup", unit: "answers", total: order.count, before: 0)
        let key = try texts.reduce(ContentHash(settings: settings)) { $0.with(Array($1.utf8)) }
        var duplicates = try run.store.value(.dedup, key).flatMap { Self.duplicates($0, count: order.count) }
        if duplicates == nil {
            let found = try await find(texts)
            try run.store.save([WorkStore.Row(.dedup, key, Self.json(found).serialized)])
            duplicates = found
        }
        dataset.apply(duplicates ?? [], order: order)
        order.forEach { _ in progress.advance() }
        progress.finish()
    }

    private func find(_ texts: [String]) async throws -> [Duplicate?] {
        var deduplicator = Deduplicator(texts)
        if settings.exact { deduplicator.dropExact() }
        if let near = settings.near { deduplicator.dropNear(near) }
        if let semantic = settings.semantic {
            try SemanticDuplicates.check(count: deduplicator.kept.count)
            let stage = EmbedStage(
                server: try run.models[semantic.model],
                identity: try CurationRun.identity(of: semantic.model, run.recipe).digest, store: run.store,
                concurrency: run.recipe.generate.concurrency)
            let vectors = try await stage.run(deduplicator.kept.map { texts[$0] })
            deduplicator.dropSemantic(vectors, threshold: semantic.threshold)
        }
        return deduplicator.duplicates
    }

    private static func json(_ duplicates: [Duplicate?]) -> JSONValue {
        .array(
            duplicates.map { duplicate in
                duplicate.map { [.string($0.kind.rawValue), .integer(Int64($0.original))] } ?? .null
            })
    }

    private static func duplicates(_ json: JSONValue, count: Int) -> [Duplicate?]? {
        guard let rows = json.array, rows.count == count else { return nil }
        return rows.map { row in
            guard let kind = row.array?.first?.string.flatMap(Duplicate.Kind.init),
                let original = row.array?.last?.integer.flatMap(Int.init(exactly:)), rows.indices.contains(original)
            else { return nil }
            return Duplicate(kind: kind, original: original)
        }
    }
}

/// Asks for the embeddings of texts.
struct EmbedStage: Sendable {
    let server: ModelServer
    /// Of the model.
    let identity: ContentHash
    let store: WorkStore
    let concurrency: Int

    func run(_ texts: [String]) async throws -> [[Float]] {
        let table = StageTable(store: store, table: .embed, unit: "texts")
        try await table.fill(texts.map { (key(of: $0), $0) }, atOnce: concurrency) { text, key in
            let answer = try await server.post("/v1/embeddings", ["input": .string(text)])
            guard let vector = answer["data"]?.array?.first?.object?["embedding"], vector.array != nil else {
                throw ModelServerError(server: server.name, problem: "gave no embedding")
            }
            return [WorkStore.Row(.embed, key, vector.serialized)]
        }
        return try texts.map { text in (try table.value(key(of: text)).array ?? []).map { Float($0.number ?? 0) } }
    }

    private func key(of text: String) -> ContentHash { identity.with(Array(text.utf8)) }
}

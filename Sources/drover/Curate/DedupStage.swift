import Curation
import JSON

/// Drops what is there twice, or nearly.
struct DedupStage: Sendable {
    let settings: DedupSettings
    let store: WorkStore
    let models: CurationModels
    let concurrency: Int

    func run(_ dataset: inout Dataset, keys: [ContentHash], selector: Selector) async throws {
        if let lines = settings.lines { dataset.thin(lines) }
        let order = selector.order(dataset)
        let texts = order.map { dataset.comparedText(of: $0, settings.scope) }
        let progress = ProgressLine("dedup", unit: "answers", total: order.count, before: 0)
        let key = try texts.reduce(ContentHash(settings: settings)) { $0.with(Array($1.utf8)) }
        var duplicates = try store.value(.dedup, key).flatMap { Self.duplicates($0, count: order.count) }
        if duplicates == nil {
            let found = try await find(texts)
            try store.save([WorkStore.Row(.dedup, key, Self.json(found).serialized)])
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
            let stage = EmbedStage(server: try models[semantic.model], store: store, concurrency: concurrency)
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
    let store: WorkStore
    let concurrency: Int

    /// Texts of one request.
    private static let batch = 32

    func run(_ texts: [String]) async throws -> [[Float]] {
        let missing = try texts.filter { try store.body(.embed, key(of: $0)) == nil }
        let progress = ProgressLine("embed", unit: "texts", total: texts.count, before: texts.count - missing.count)
        let batches = stride(from: 0, to: missing.count, by: Self.batch).map { start in
            Array(missing[start..<min(missing.count, start + Self.batch)])
        }
        try await WorkQueue.run(batches, atOnce: concurrency) { batch in
            try store.save(try await rows(batch))
            batch.forEach { _ in progress.advance() }
        }
        progress.finish()
        return try texts.map { text in
            (try store.value(.embed, key(of: text))?.array ?? []).map { Float($0.number ?? 0) }
        }
    }

    private func key(of text: String) -> ContentHash { ContentHash(Array(server.name.utf8), Array(text.utf8)) }

    private func rows(_ texts: [String]) async throws -> [WorkStore.Row] {
        let answer = try await server.post("/v1/embeddings", ["input": .array(texts.map(JSONValue.string))])
        let vectors = (answer["data"]?.array ?? []).compactMap { $0.object?["embedding"] }
        guard vectors.count == texts.count else {
            throw ModelServerError(
                server: server.name, problem: "gave \(vectors.count) embeddings of \(texts.count) texts")
        }
        return zip(texts, vectors).map { WorkStore.Row(.embed, key(of: $0), $1.serialized) }
    }
}

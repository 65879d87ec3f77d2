import Curation
import JSON

/// The table of a stage: what is there is not done again, and nothing is done twice.
struct StageTable: Sendable {
    let store: WorkStore
    let table: WorkStore.Table
    /// What is counted, such as `answers`.
    let unit: String

    /// Does what is missing, so many pieces at a time.
    /// - Parameters:
    ///   - pieces: each by the hash of all that it depends on.
    ///   - rows: does one piece; the rows are kept once all of them are there.
    func fill<Piece: Sendable>(
        _ pieces: [(key: ContentHash, piece: Piece)], atOnce limit: Int,
        _ rows: @escaping @Sendable (Piece, ContentHash) async throws -> [WorkStore.Row]
    ) async throws {
        var seen: Set<ContentHash> = []
        let single = pieces.filter { seen.insert($0.key).inserted }
        let missing = try single.filter { try store.body(table, $0.key) == nil }
        let progress = ProgressLine(
            table.rawValue, unit: unit, total: single.count, before: single.count - missing.count)
        try await WorkQueue.run(missing, atOnce: limit) { key, piece in
            try store.save(try await rows(piece, key))
            progress.advance()
        }
        progress.finish()
    }

    /// The row of a piece that was done.
    func value(_ key: ContentHash) throws -> JSONValue { try store.value(table, key) ?? .null }
}

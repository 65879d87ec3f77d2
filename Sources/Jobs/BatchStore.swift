import GRDB

/// Batches and their lines in the database.
package final class BatchStore: Sendable {
    let database: StateDatabase

    /// Most problems that a batch lists; all of them are in its error file.
    private static let problemsLimit = 100

    init(database: StateDatabase) { self.database = database }

    /// - Returns: false when the owner has `limit` batches that have not ended.
    package func add(_ batch: BatchRecord, limit: Int) async throws(StateError) -> Bool {
        try await database.write { db in
            let open = try Self.unfinished.filter(Column("owner") == batch.owner).fetchCount(db)
            guard open < limit else { return false }
            try batch.insert(db)
            return true
        }
    }

    /// Nil for one that is not there.
    package func batch(_ id: String) async throws(StateError) -> BatchRecord? {
        try await database.read { try BatchRecord.filter(Column("id") == id).fetchOne($0) }
    }

    /// One more than the page's limit where there are more.
    package func list(_ page: ListPage) async throws(StateError) -> [BatchRecord] {
        try await database.read { try page.fetch($0) }
    }

    /// Those that have not ended, oldest first.
    package func unfinished() async throws(StateError) -> [BatchRecord] {
        try await database.read { try Self.unfinished.order(Column("sequence")).fetchAll($0) }
    }

    /// Removes what ended before that time; its files stay.
    func removeEnded(before time: Int64) async throws(StateError) {
        try await database.write { try $0.execute(sql: "DELETE FROM batch WHERE endedAt < ?", arguments: [time]) }
    }

    private static var unfinished: QueryInterfaceRequest<BatchRecord> {
        let final = BatchStatus.allCases.filter(\.isFinal).map(\.rawValue)
        return BatchRecord.filter(!final.contains(Column("status")))
    }

    /// Changes a batch in one transaction. Returns what it is then; nil when the change was refused, or there is none.
    @discardableResult
    func change(
        _ id: String, _ change: @escaping @Sendable (inout BatchRecord, Database) throws -> Bool
    ) async throws(StateError) -> BatchRecord? {
        try await database.write { db in
            guard var batch = try BatchRecord.filter(Column("id") == id).fetchOne(db), try change(&batch, db) else {
                return nil
            }
            try batch.write(db)
            return batch
        }
    }

    /// Gives a batch another status, if that may be.
    @discardableResult
    package func move(
        _ id: String, to status: BatchStatus, now: Int64
    ) async throws(StateError) -> BatchRecord? {
        try await change(id) { batch, _ in batch.become(status, at: now) }
    }

    /// Ends a batch: its files become files of its owner, its lines are forgotten.
    func conclude(
        _ id: String, as status: BatchStatus, sizes: (output: Int, errors: Int), problem: BatchProblem, now: Int64
    ) async throws(StateError) {
        try await change(id) { batch, db in
            guard batch.become(status, at: now) else { return false }
            (batch.hasOutput, batch.hasErrors) = (sizes.output > 0, sizes.errors > 0)
            if status == .failed { batch.errors.append(problem) }
            if batch.hasOutput { try batch.file(batch.outputFile, "output", sizes.output).insert(db) }
            if batch.hasErrors { try batch.file(batch.errorFile, "error", sizes.errors).insert(db) }
            // A command has no files of its own: it reads the results by their lines.
            if batch.isOfCommand { return true }
            try db.execute(sql: "DELETE FROM line WHERE batch = ?", arguments: [id])
            return true
        }
    }

    // MARK: Lines

    /// The lines of a batch, and what is wrong with them: it has begun, or failed. All of it or, after a kill, nothing.
    @discardableResult
    func begin(
        _ id: String, with intake: BatchIntake, fingerprint: String, now: Int64
    ) async throws(StateError) -> BatchRecord? {
        let (lines, model, problem) = (intake.lines, intake.model, intake.problem)
        return try await change(id) { batch, db in
            guard batch.become(problem == nil ? .inProgress : .failed, at: now) else { return false }
            let found = [problem].compactMap(\.self) + lines.compactMap(\.problem)
            batch.errors = Array(found.prefix(Self.problemsLimit))
            batch.model = model
            batch.fingerprint = fingerprint
            batch.total = lines.count
            guard problem == nil else { return true }
            for line in lines { try line.insert(db) }
            return true
        }
    }

    /// The next lines without a result, in the order in which they run.
    func lines(_ id: String, after last: BatchLine?, limit: Int) async throws(StateError) -> [BatchLine] {
        try await database.read { db in
            try BatchLine.fetchAll(
                db,
                sql: """
                    SELECT batch, number, start, length, rank, customID, problem FROM line
                    WHERE batch = ? AND (rank, number) > (?, ?) AND resultFile IS NULL
                    ORDER BY rank, number LIMIT ?
                    """, arguments: [id, last?.rank ?? -1, last?.number ?? -1, limit])
        }
    }

    /// Where results lie in one of a batch's files, in the order in which they lie there.
    func places(_ id: String, in file: LineResult.File) async throws(StateError) -> [ResultPlace] {
        try await database.read { db in
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT resultStart, resultLength, resultChecksum FROM line WHERE batch = ? AND resultFile = ?
                    ORDER BY resultStart
                    """, arguments: [id, file.rawValue])
            var places: [ResultPlace] = []
            while let row = try rows.next() {
                places.append(ResultPlace(start: row[0], length: row[1], checksum: row[2]))
            }
            return places
        }
    }

    /// Where the results of a batch lie, in the order of its lines.
    package func results(
        _ id: String
    ) async throws(StateError) -> [(file: LineResult.File, start: Int, length: Int)] {
        try await database.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT resultFile, resultStart, resultLength FROM line
                    WHERE batch = ? AND resultFile IS NOT NULL ORDER BY number
                    """, arguments: [id]
            ).map { (LineResult.File(rawValue: $0[0]) ?? .errors, $0[1], $0[2]) }
        }
    }

    /// Takes back what lies behind a place of a file: those lines run again.
    func forget(_ id: String, in file: LineResult.File, from start: Int) async throws(StateError) {
        try await database.write { db in
            let behind = "WHERE batch = ? AND resultFile = ? AND resultStart >= ?"
            let place: StatementArguments = [id, file.rawValue, start]
            let sums = BatchUsage.columns.map { "SUM(\($0))" }.joined(separator: ", ")
            let lost = try Row.fetchOne(db, sql: "SELECT COUNT(*), \(sums) FROM line \(behind)", arguments: place)
            guard let lost, let count = lost[0] as Int? else { return }
            let zeros = BatchUsage.columns.map { "\($0) = 0" }.joined(separator: ", ")
            try db.execute(
                sql: """
                    UPDATE line SET resultFile = NULL, resultStart = NULL, resultLength = NULL, resultChecksum = NULL,
                    \(zeros) \(behind)
                    """, arguments: place)
            try Self.count(-count, in: file, -BatchUsage(lost, from: 1), of: id, db)
        }
    }

    /// Counts lines of a batch that have got a result and, below zero, those that have lost it.
    static func count(
        _ lines: Int, in file: LineResult.File, _ usage: BatchUsage, of id: String, _ db: Database
    ) throws {
        let columns = [file == .output ? "completed" : "failed"] + BatchUsage.columns
        try db.execute(
            sql: "UPDATE batch SET \(columns.map { "\($0) = \($0) + ?" }.joined(separator: ", ")) WHERE id = ?",
            arguments: StatementArguments([lines] + usage.values) + [id])
    }
}

extension BatchRecord {
    fileprivate func file(_ id: String, _ kind: String, _ bytes: Int) -> StoredFile {
        let made = endedAt ?? createdAt
        return StoredFile(
            id: id, owner: owner, name: "\(self.id)_\(kind).jsonl", purpose: "batch_output", bytes: bytes,
            createdAt: made, expiresAt: outputLifetime.map { made + $0 })
    }

    /// Its row, found by its id: the table's own key is no part of it.
    fileprivate func write(_ db: Database) throws {
        var columns = try databaseDictionary
        columns["id"] = nil
        let names = columns.keys.sorted()
        let values = names.map { columns[$0] ?? .null }
        try db.execute(
            sql: "UPDATE batch SET \(names.map { "\($0) = ?" }.joined(separator: ", ")) WHERE id = ?",
            arguments: StatementArguments(values + [id.databaseValue]))
    }
}

import GRDB

/// The tables of files, batches, their lines, and responses. In WAL mode with a sync for each commit: what was
/// committed outlives the machine's power.
final class StateDatabase: Sendable {
    private let writer: DatabasePool

    init(path: String) throws(StateError) {
        do {
            var configuration = Configuration()
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            writer = try DatabasePool(path: path, configuration: configuration)
            try Self.migrator.migrate(writer)
        } catch {
            throw StateError(error)
        }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StateError) -> Value {
        try await Self.shielded { [writer] in try await writer.read(body) }
    }

    /// One transaction.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StateError) -> Value {
        try await Self.shielded { [writer] in try await writer.write(body) }
    }

    /// Alone with the database, on a thread that may block; `body` begins transactions itself.
    func exclusive<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StateError) -> Value {
        try await Self.shielded { [writer] in try await writer.writeWithoutTransaction(body) }
    }

    /// GRDB gives up when the task is cancelled, also after the work was done; whoever has left must not leave
    /// something half known. So the work has a task of its own.
    private static func shielded<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws(StateError) -> Value {
        do {
            return try await Task { try await work() }.value
        } catch {
            throw StateError(error)
        }
    }

    private static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("files and batches") { db in
            try makeFiles(db)
            try makeBatches(db)
        }
        return migrator
    }()

    private static func makeFiles(_ db: Database) throws {
        try db.create(table: "file") { table in
            table.autoIncrementedPrimaryKey("sequence")
            table.column("id", .text).notNull().unique()
            table.column("owner", .text).notNull().indexed()
            table.column("name", .text).notNull()
            table.column("purpose", .text).notNull()
            table.column("bytes", .integer).notNull()
            table.column("createdAt", .integer).notNull()
            table.column("expiresAt", .integer).indexed()
        }
    }

    private static func makeBatches(_ db: Database) throws {
        try db.create(table: "batch") { table in
            table.autoIncrementedPrimaryKey("sequence")
            table.column("id", .text).notNull().unique()
            for column in ["owner", "endpoint", "inputFile", "outputFile", "errorFile", "status", "metadata"] {
                table.column(column, .text).notNull()
            }
            for column in ["createdAt", "expiresAt", "total", "completed", "failed"] {
                table.column(column, .integer).notNull()
            }
            table.column("errors", .text).notNull()
            table.column("fingerprint", .text)
            for column in ["outputLifetime", "inProgressAt", "finalizingAt", "cancellingAt", "endedAt"] {
                table.column(column, .integer)
            }
            for column in ["hasOutput", "hasErrors"] { table.column(column, .boolean).notNull() }
        }
        try db.create(table: "line", options: .withoutRowID) { table in
            table.column("batch", .text).notNull()
            for column in ["number", "start", "length", "rank"] { table.column(column, .integer).notNull() }
            table.column("customID", .text).notNull()
            table.column("problem", .text)
            // Where its result lies, once it has one.
            for column in ["resultFile", "resultStart", "resultLength", "resultChecksum"] {
                table.column(column, .integer)
            }
            table.primaryKey(["batch", "number"])
        }
        try db.create(index: "line_order", on: "line", columns: ["batch", "rank", "number"])
    }
}

import GRDB

/// The tables of files, batches and their lines.
enum BatchTables {
    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("files and batches") { db in
            try makeFiles(db)
            try makeBatches(db)
        }
        migrator.registerMigration("usage of batches") { db in try addUsage(db) }
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

    /// Lines that had a result before this count no tokens.
    private static func addUsage(_ db: Database) throws {
        for name in ["batch", "line"] {
            try db.alter(table: name) { table in
                for column in BatchUsage.columns { table.add(column: column, .integer).notNull().defaults(to: 0) }
            }
        }
        try db.alter(table: "batch") { $0.add(column: "model", .text) }
    }
}

import GRDB

/// The table of responses, and what they take together.
enum ResponseTables {
    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("responses") { db in
            try makeResponses(db)
            try makeTotal(db)
        }
        return migrator
    }()

    private static func makeResponses(_ db: Database) throws {
        try db.create(table: "response") { table in
            table.autoIncrementedPrimaryKey("sequence")
            table.column("id", .text).notNull().unique()
            table.column("owner", .text).notNull()
            table.column("previous", .text)
            table.column("status", .text).notNull()
            table.column("createdAt", .integer).notNull().indexed()
            for column in ["body", "input", "output"] { table.column(column, .blob).notNull() }
            table.column("size", .integer).notNull()
        }
    }

    /// A sum over all rows for each one that comes would take longer than writing it.
    private static func makeTotal(_ db: Database) throws {
        try db.create(table: "total") { table in
            for column in ["count", "bytes"] { table.column(column, .integer).notNull() }
        }
        try db.execute(
            sql: """
                INSERT INTO total VALUES (0, 0);
                CREATE TRIGGER response_came AFTER INSERT ON response
                BEGIN UPDATE total SET count = count + 1, bytes = bytes + NEW.size; END;
                CREATE TRIGGER response_went AFTER DELETE ON response
                BEGIN UPDATE total SET count = count - 1, bytes = bytes - OLD.size; END;
                """)
    }
}

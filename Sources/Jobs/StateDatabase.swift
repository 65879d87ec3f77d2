import Dispatch
import GRDB

/// One of the databases of a state folder, or of memory. In WAL mode with a sync for each commit: what was committed
/// outlives the machine's power.
final class StateDatabase: Sendable {
    /// Of its file; where it is in memory, words for that.
    let path: String
    private let writer: any DatabaseWriter

    /// Opens it, and makes its tables where they are missing.
    ///
    /// - Parameters:
    ///   - path: nil for a database that ends with its last reference.
    ///   - tables: what makes them. A database that says it has others is refused.
    init(path: String?, tables: DatabaseMigrator) throws(StateError) {
        self.path = path ?? "in memory"
        do {
            writer = try path.map { try DatabasePool(path: $0) } ?? DatabaseQueue(configuration: Self.inMemory)
            // Not while it is opened: GRDB sets NORMAL afterwards, which syncs no commit.
            try writer.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try writer.read { [path = self.path] in try Self.check($0, path, tables) }
            try tables.migrate(writer)
        } catch {
            throw StateError(error, in: self.path)
        }
    }

    /// Waits for no disk, so it takes the threads that serve anyway: GRDB's own queue has Dispatch make one for it each time,
    /// for five seconds.
    private static var inMemory: Configuration {
        var configuration = Configuration()
        configuration.targetQueue = .global()
        return configuration
    }

    /// Migrating what another program made would mix its tables with ours.
    private static func check(_ db: Database, _ path: String, _ tables: DatabaseMigrator) throws {
        let applied = try tables.appliedIdentifiers(db)
        if let newer = applied.subtracting(tables.migrations).min() {
            throw StateError.newer(path: path, tables: newer)
        }
        guard applied.isEmpty else { return }
        let found = try String.fetchOne(db, sql: "SELECT name FROM sqlite_master WHERE name NOT LIKE 'grdb_%'")
        if let found { throw StateError.foreign(path: path, table: found) }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StateError) -> Value {
        try await shielded { [writer] in try await writer.read(body) }
    }

    /// One transaction.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StateError) -> Value {
        try await shielded { [writer] in try await writer.write(body) }
    }

    /// Alone with the database, on a thread that may block; `body` begins transactions itself.
    func exclusive<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StateError) -> Value {
        try await shielded { [writer] in try await writer.writeWithoutTransaction(body) }
    }

    /// GRDB gives up when the task is cancelled, also after the work was done; whoever has left must not leave
    /// something half known. So the work has a task of its own.
    private func shielded<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws(StateError) -> Value {
        do {
            return try await Task { try await work() }.value
        } catch {
            throw StateError(error, in: path)
        }
    }
}

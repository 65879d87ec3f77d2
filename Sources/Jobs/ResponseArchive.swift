import GRDB

/// Responses that have ended, for those who ask for them again or continue them: for a time, within a number of bytes.
package final class ResponseArchive: Sendable {
    package struct Limits: Sendable {
        /// Of all responses together; the oldest make room for new ones.
        package var bytes: Int
        /// Of all owners together.
        package var count = 100_000
        /// Seconds from its creation that a response is kept. A shorter one counts for those that are there already.
        package var lifetime: Int64
        /// Most bytes of a conversation that is continued: those of a request's body.
        package var conversation = 32 << 20

        package init(bytes: Int, lifetime: Int64) {
            self.bytes = bytes
            self.lifetime = lifetime
        }

        /// Most bytes of one response: it must not cost most of the others their place.
        package var response: Int { bytes / 8 }
    }

    /// The responses that lead to one, each with the one before it.
    package enum Conversation: Sendable, Equatable {
        /// Oldest first.
        case whole([StoredResponse.Turn])
        /// The response of that id is not there, or not any more.
        case broken(at: String)
        case tooLarge(limit: Int)
    }

    package let limits: Limits
    private let database: StateDatabase

    /// - Parameter path: of its file; nil for one in memory, which a restart forgets.
    package init(path: String? = nil, _ limits: Limits) throws(StateError) {
        self.limits = limits
        database = try StateDatabase(path: path, tables: ResponseTables.migrator)
    }

    /// Keeps a response; returns when the disk has it.
    ///
    /// - Parameter now: seconds since 1970, here and below.
    /// - Returns: false for one that is larger than a response may be.
    package func put(_ response: StoredResponse, now: Int64) async throws(StateError) -> Bool {
        guard response.size <= limits.response else { return false }
        try await database.write { [limits] db in
            try response.insert(db)
            try Self.makeRoom(db, limits, now)
        }
        return true
    }

    /// Nil for one that is not there, or not any more.
    package func response(_ id: String, now: Int64) async throws(StateError) -> StoredResponse? {
        try await database.read { [limits] in try Self.alive(id, limits, now).fetchOne($0) }
    }

    /// What was asked and said up to a response, and by it.
    package func conversation(endingWith id: String, now: Int64) async throws(StateError) -> Conversation {
        try await database.read { [limits] db in
            var turns: [StoredResponse.Turn] = []
            var (bytes, next) = (0, Optional(id))
            while let id = next {
                let link = Self.alive(id, limits, now).select(Column("previous"), Column("input"), Column("output"))
                guard let row = try Row.fetchOne(db, link) else { return .broken(at: id) }
                turns.append(StoredResponse.Turn(row: row))
                bytes += turns[turns.count - 1].size
                guard bytes <= limits.conversation else { return .tooLarge(limit: limits.conversation) }
                next = row["previous"]
            }
            return .whole(turns.reversed())
        }
    }

    /// Removes a response, if it is there. Those that continue it stay, and cannot be continued any more.
    package func remove(_ id: String) async throws(StateError) {
        try await database.write { try $0.execute(sql: "DELETE FROM response WHERE id = ?", arguments: [id]) }
    }

    /// Removes what is too old, or too much for limits that were larger once.
    package func removeExpired(now: Int64) async throws(StateError) {
        try await database.write { [limits] in try Self.makeRoom($0, limits, now) }
    }

    private static func alive(
        _ id: String, _ limits: Limits, _ now: Int64
    ) -> QueryInterfaceRequest<StoredResponse> {
        StoredResponse.filter(Column("id") == id && Column("createdAt") > now - limits.lifetime)
    }

    private static func makeRoom(_ db: Database, _ limits: Limits, _ now: Int64) throws {
        try db.execute(sql: "DELETE FROM response WHERE createdAt <= ?", arguments: [now - limits.lifetime])
        let isOver = "EXISTS (SELECT 1 FROM total WHERE bytes > ? OR count > ?)"
        repeat {
            try db.execute(
                sql: "DELETE FROM response WHERE sequence = (SELECT MIN(sequence) FROM response) AND \(isOver)",
                arguments: [limits.bytes, limits.count])
        } while db.changesCount > 0
    }
}

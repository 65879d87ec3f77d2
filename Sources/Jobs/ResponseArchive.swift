import Foundation
import GRDB

/// Answers for those who ask for them again, or continue them: for a day, within a number of bytes. With a state folder
/// they outlive the process.
///
/// Whoever has the most bytes loses the oldest of his own when there is no room: no owner pushes out another's who has
/// less than his share.
package final class ResponseArchive: Sendable {
    package struct Entry: Sendable {
        package let owner: String
        /// What is kept, in the words of its user.
        package let content: [UInt8]
        /// Nothing changes it any more.
        package let isFinal: Bool

        package init(owner: String, content: [UInt8], isFinal: Bool) {
            self.owner = owner
            self.content = content
            self.isFinal = isFinal
        }
    }

    private let database: StateDatabase
    private let byteLimit: Int
    private let lifetime: Int64

    /// Of a row beside its content.
    private static let rowSize = 256

    init(database: StateDatabase, byteLimit: Int = 64 << 20, lifetime: Int64 = 86_400) {
        self.database = database
        self.byteLimit = byteLimit
        self.lifetime = lifetime
    }

    /// One in memory.
    ///
    /// - Parameter lifetime: of an entry, in seconds.
    package convenience init(byteLimit: Int = 64 << 20, lifetime: Int64 = 86_400) throws(StateError) {
        self.init(database: try StateDatabase(path: nil), byteLimit: byteLimit, lifetime: lifetime)
    }

    /// - Parameter now: seconds since 1970, here and below.
    package func put(_ id: String, _ entry: Entry, now: Int64) async throws(StateError) {
        try await database.write { [self] db in
            try db.execute(
                sql: """
                    INSERT INTO response (id, owner, isFinal, content, size, expiresAt) VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    id, entry.owner, entry.isFinal, Data(entry.content), entry.content.count + Self.rowSize,
                    now + lifetime,
                ])
            try trim(db, now)
        }
    }

    /// Keeps a newer state, unless the entry was removed or is final.
    package func update(_ id: String, content: [UInt8], isFinal: Bool, now: Int64) async throws(StateError) {
        try await database.write { [self] db in
            try db.execute(
                sql: "UPDATE response SET content = ?, size = ?, isFinal = ? WHERE id = ? AND NOT isFinal",
                arguments: [Data(content), content.count + Self.rowSize, isFinal, id])
            try trim(db, now)
        }
    }

    /// Nil for one that is not there any more.
    package func entry(_ id: String, now: Int64) async throws(StateError) -> Entry? {
        try await database.read { db in
            let row = try Row.fetchOne(
                db, sql: "SELECT owner, content, isFinal FROM response WHERE id = ? AND expiresAt > ?",
                arguments: [id, now])
            return row.map { row in
                Entry(owner: row["owner"], content: [UInt8](row["content"] as Data), isFinal: row["isFinal"])
            }
        }
    }

    package func remove(_ id: String) async throws(StateError) {
        try await database.write { try $0.execute(sql: "DELETE FROM response WHERE id = ?", arguments: [id]) }
    }

    /// Those whose process ended before they did.
    package func unfinished() async throws(StateError) -> [String] {
        try await database.read { try String.fetchAll($0, sql: "SELECT id FROM response WHERE NOT isFinal") }
    }

    private func trim(_ db: Database, _ now: Int64) throws {
        try db.execute(sql: "DELETE FROM response WHERE expiresAt <= ?", arguments: [now])
        while try (Int.fetchOne(db, sql: "SELECT SUM(size) FROM response") ?? 0) > byteLimit {
            try db.execute(
                sql: """
                    DELETE FROM response WHERE sequence = (SELECT MIN(sequence) FROM response WHERE owner =
                    (SELECT owner FROM response GROUP BY owner ORDER BY SUM(size) DESC LIMIT 1))
                    """)
        }
    }
}

import Foundation
import GRDB

/// What the stages have done so far, on disk: a table for each, a row for each piece of work.
///
/// A row is found by the hash of the settings and the input that it was made from. So a run that was killed goes on where
/// it was, and a changed recipe does again only what depends on the change.
package final class WorkStore: Sendable {
    /// The tables. `traces` has the log-probabilities of answers, which only the export reads.
    package enum Table: String, CaseIterable, Sendable {
        case seeds, generate, traces, verify, judge, embed, dedup, fates, facts
    }

    package struct Row: Sendable {
        let table: Table
        let key: ContentHash
        let body: [UInt8]

        package init(_ table: Table, _ key: ContentHash, _ body: [UInt8]) {
            self.table = table
            self.key = key
            self.body = body
        }
    }

    private let queue: DatabaseQueue

    /// Makes the folder and the tables where they are missing. Throws `WorkStoreError.inUse` while another process has it.
    package init(folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var configuration = Configuration()
        configuration.prepareDatabase { database in
            // Two runs would both do the same work, and the slower one would write over the faster one's files.
            try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
            try database.execute(sql: "PRAGMA journal_mode = WAL")
            // A row that power took away is made again; the file stays whole either way.
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        do {
            queue = try DatabaseQueue(path: "\(folder)/work.sqlite", configuration: configuration)
            try queue.write { database in
                for table in Table.allCases {
                    try database.execute(
                        sql: """
                            CREATE TABLE IF NOT EXISTS "\(table.rawValue)" (key BLOB PRIMARY KEY, body BLOB NOT NULL) \
                            WITHOUT ROWID
                            """)
                }
            }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            throw WorkStoreError.inUse(folder: folder)
        }
    }

    package func body(_ table: Table, _ key: ContentHash) throws -> [UInt8]? {
        try queue.read { database in
            let data = try Data.fetchOne(
                database, sql: #"SELECT body FROM "\#(table.rawValue)" WHERE key = ?"#, arguments: [Data(key.bytes)])
            return data.map(Array.init)
        }
    }

    /// All of the rows or none.
    package func save(_ rows: [Row]) throws {
        try queue.write { database in
            for row in rows {
                try database.execute(
                    sql: #"INSERT OR REPLACE INTO "\#(row.table.rawValue)" (key, body) VALUES (?, ?)"#,
                    arguments: [Data(row.key.bytes), Data(row.body)])
            }
        }
    }

    /// Forgets everything.
    package func clear() throws {
        try queue.write { database in
            for table in Table.allCases { try database.execute(sql: #"DELETE FROM "\#(table.rawValue)""#) }
        }
    }

    package func count(_ table: Table) throws -> Int {
        try queue.read { try Int.fetchOne($0, sql: #"SELECT count(*) FROM "\#(table.rawValue)""#) ?? 0 }
    }
}

package enum WorkStoreError: Error, CustomStringConvertible {
    case inUse(folder: String)

    package var description: String {
        switch self {
        case .inUse(let folder): "The work folder \(folder) is in use by another run."
        }
    }
}

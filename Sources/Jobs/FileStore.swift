import GRDB
import Glibc

/// The files of all owners. A file is there when its row is: bytes without a row are what a kill left, and go.
package final class FileStore: Sendable {
    private let database: StateDatabase
    private let folder: String
    private let quota: Int

    init(database: StateDatabase, folder: String, quota: Int) {
        self.database = database
        self.folder = folder
        self.quota = quota
    }

    func path(of id: String) -> String { "\(folder)/\(id)" }

    /// Begins a file whose bytes will come. It leaves nothing unless it is kept.
    package func begin() async throws(StateError) -> FileUpload {
        let id = RandomID.make("file-")
        return try await DiskQueue.run { [path = path(of: id)] () throws(StateError) in
            FileUpload(id: id, file: try DiskFile(path: path, .create))
        }
    }

    /// Makes a file of an upload, when its bytes are with the disk.
    package func keep(_ upload: FileUpload, as file: StoredFile) async throws(StateError) {
        try await DiskQueue.run { [folder] () throws(StateError) in
            try upload.sync()
            try DiskFile.sync(folder: folder)
        }
        try await database.write { [quota] db in
            let used = try Int.fetchOne(
                db, sql: "SELECT SUM(bytes) FROM file WHERE owner = ? AND purpose <> 'batch_output'",
                arguments: [file.owner])
            guard (used ?? 0) + file.bytes <= quota else { throw StateError.quota(limit: quota) }
            try file.insert(db)
        }
        upload.isKept = true
    }

    /// Nil for one that is not there, or not any more.
    package func file(_ id: String, now: Int64) async throws(StateError) -> StoredFile? {
        try await database.read { db in
            try StoredFile.filter(Column("id") == id && Self.isAlive(now)).fetchOne(db)
        }
    }

    /// One more than the page's limit where there are more.
    package func list(_ page: ListPage, purpose: String?, now: Int64) async throws(StateError) -> [StoredFile] {
        try await database.read { db in
            let wanted = purpose.map { Column("purpose") == $0 && Self.isAlive(now) } ?? Self.isAlive(now)
            return try page.fetch(db, where: wanted)
        }
    }

    /// Reads a file piece by piece, also when it is deleted meanwhile.
    package func read(
        _ id: String, piece: Int = 1 << 18, _ take: ([UInt8]) async throws -> Void
    ) async throws {
        let file = try await DiskQueue.run { [path = path(of: id)] () throws(StateError) in
            try DiskFile(path: path, .read)
        }
        var offset = 0
        while true {
            let bytes = try await DiskQueue.run { [offset] () throws(StateError) in
                try file.read(at: offset, count: piece)
            }
            if bytes.isEmpty { return }
            try await take(bytes)
            offset += bytes.count
        }
    }

    /// False when a batch still reads it.
    package func delete(_ id: String) async throws(StateError) -> Bool {
        let isFree = try await database.write { db in
            let readers = try Int.fetchOne(
                db,
                sql: """
                    SELECT COUNT(*) FROM batch WHERE inputFile = ?
                    AND status IN ('validating', 'in_progress', 'finalizing', 'cancelling')
                    """, arguments: [id])
            guard readers == 0 else { return false }
            try db.execute(sql: "DELETE FROM file WHERE id = ?", arguments: [id])
            return true
        }
        if isFree { DiskFile.remove(path(of: id)) }
        return isFree
    }

    /// Removes those whose time is over, unless a batch still reads them.
    package func removeExpired(now: Int64) async throws(StateError) {
        let old = try await database.read { db in
            try String.fetchAll(db, sql: "SELECT id FROM file WHERE expiresAt <= ?", arguments: [now])
        }
        for id in old { _ = try await delete(id) }
    }

    /// Removes bytes that belong to no file and no batch. Only for a start: what is being uploaded has no row yet.
    package func removeOrphans() async throws(StateError) {
        let known = try await database.read { db in
            try Set(
                String.fetchAll(
                    db,
                    sql: """
                        SELECT id FROM file UNION SELECT outputFile FROM batch UNION SELECT errorFile FROM batch
                        """))
        }
        try await DiskQueue.run { [folder] () throws(StateError) in
            guard let directory = opendir(folder) else { throw .system("list \(folder)") }
            defer { closedir(directory) }
            while let entry = readdir(directory) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name.hasPrefix("file-"), !known.contains(name) { DiskFile.remove("\(folder)/\(name)") }
            }
        }
    }

    private static func isAlive(_ now: Int64) -> SQLExpression {
        Column("expiresAt") == nil || Column("expiresAt") > now
    }
}

import GRDB

/// A file that a client uploaded or a batch wrote: what is known of it beside its bytes.
package struct StoredFile: Codable, Sendable, Equatable {
    package let id: String
    /// The name of the key that it belongs to; empty without one.
    package let owner: String
    /// As the client called it; never part of a path.
    package let name: String
    /// OpenAI's word: `batch`, `batch_output`.
    package let purpose: String
    package var bytes: Int
    /// Seconds since 1970.
    package let createdAt: Int64
    /// From when on it is gone; nil for never.
    package let expiresAt: Int64?

    package init(
        id: String, owner: String, name: String, purpose: String, bytes: Int, createdAt: Int64, expiresAt: Int64?
    ) {
        self.id = id
        self.owner = owner
        self.name = name
        self.purpose = purpose
        self.bytes = bytes
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}

extension StoredFile: FetchableRecord, PersistableRecord {
    package static let databaseTableName = "file"
}

/// What a client wants of a list.
package struct ListPage: Sendable {
    /// Whose; nil for everybody's.
    package var owner: String?
    /// The id behind which it begins.
    package var after: String?
    package var limit: Int
    /// Oldest first.
    package var isAscending = false

    package init(owner: String?, after: String? = nil, limit: Int, isAscending: Bool = false) {
        self.owner = owner
        self.after = after
        self.limit = limit
        self.isAscending = isAscending
    }

    /// One record more than the limit where there are more. A cursor that is not there leaves nothing.
    func fetch<Record: FetchableRecord & TableRecord>(
        _ db: Database, where filter: SQLExpression? = nil
    ) throws -> [Record] {
        var request = Record.all()
        if let owner { request = request.filter(Column("owner") == owner) }
        if let filter { request = request.filter(filter) }
        let sequence = Column("sequence")
        if let after {
            let start = SQL("(SELECT sequence FROM \(sql: Record.databaseTableName) WHERE id = \(after))")
            request = request.filter(
                isAscending ? SQL("sequence > \(start)").sqlExpression : SQL("sequence < \(start)").sqlExpression)
        }
        return try request.order(isAscending ? sequence.asc : sequence.desc).limit(limit + 1).fetchAll(db)
    }
}

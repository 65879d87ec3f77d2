package import Foundation
import GRDB

/// A response as the archive has it: JSON that this target does not read.
package struct StoredResponse: Sendable, Equatable {
    package let id: String
    /// The name of the key that it belongs to; empty without one.
    package let owner: String
    /// The id of the response whose conversation it continues.
    package let previous: String?
    package let status: String
    /// Seconds since 1970.
    package let createdAt: Int64
    /// All of it, as clients get it.
    package let body: Data
    /// What it adds to the conversation.
    package let turn: Turn

    /// The list of what was asked, and the list of what was said.
    package struct Turn: Sendable, Equatable {
        package let input: Data
        package let output: Data

        package init(input: Data, output: Data) {
            self.input = input
            self.output = output
        }

        var size: Int { input.count + output.count }
    }

    package init(
        id: String, owner: String, previous: String?, status: String, createdAt: Int64, body: Data, turn: Turn
    ) {
        self.id = id
        self.owner = owner
        self.previous = previous
        self.status = status
        self.createdAt = createdAt
        self.body = body
        self.turn = turn
    }

    /// Of a row beside its JSON, about.
    private static let rowSize = 512

    /// Bytes that it takes.
    package var size: Int { Self.rowSize + body.count + turn.size }
}

extension StoredResponse.Turn: FetchableRecord {
    init(row: Row) { self.init(input: row["input"], output: row["output"]) }
}

extension StoredResponse: FetchableRecord, PersistableRecord {
    static let databaseTableName = "response"

    init(row: Row) {
        self.init(
            id: row["id"], owner: row["owner"], previous: row["previous"], status: row["status"],
            createdAt: row["createdAt"], body: row["body"], turn: Turn(row: row))
    }

    func encode(to container: inout PersistenceContainer) {
        container["id"] = id
        container["owner"] = owner
        container["previous"] = previous
        container["status"] = status
        container["createdAt"] = createdAt
        container["body"] = body
        container["input"] = turn.input
        container["output"] = turn.output
        container["size"] = size
    }
}

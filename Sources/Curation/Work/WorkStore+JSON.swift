package import JSON

extension WorkStore {
    /// The row as JSON; nil when there is none, or when it cannot be read, which is as if it were not there.
    package func value(_ table: Table, _ key: ContentHash) throws -> JSONValue? {
        // Log-probabilities of a long answer are more values than a request may have.
        let limits = JSONLimits(depth: 64, nodes: 100_000_000)
        return try body(table, key).flatMap { try? JSONValue(parsing: $0, limits: limits) }
    }
}

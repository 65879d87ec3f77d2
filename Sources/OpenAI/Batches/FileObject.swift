package import JSON

/// A file as GET /v1/files/{id} tells it.
package enum FileObject {
    package static func json(
        id: String, bytes: Int, createdAt: Int64, expiresAt: Int64?, name: String, purpose: String
    ) -> JSONValue {
        [
            "id": .string(id), "object": "file", "bytes": .integer(Int64(bytes)), "created_at": .integer(createdAt),
            "expires_at": expiresAt.map(JSONValue.integer) ?? .null, "filename": .string(name),
            "purpose": .string(purpose), "status": "processed", "status_details": .null,
        ]
    }
}

/// OpenAI's list of one page.
package enum ListObject {
    /// - Parameter items: one more than the limit where there are more.
    package static func json(_ items: [JSONValue], limit: Int) -> JSONValue {
        let page = Array(items.prefix(limit))
        let id = { (item: JSONValue?) in item?.object?["id"] ?? .null }
        return [
            "object": "list", "data": .array(page), "has_more": .bool(items.count > limit),
            "first_id": id(page.first), "last_id": id(page.last),
        ]
    }
}

/// What the query of a list asks for: OpenAI's `limit`, `order` and `after`.
package struct ListQuery: Sendable {
    package private(set) var limit: Int
    package private(set) var isAscending = false
    package private(set) var after: String?
    /// The values of the other parameters that the list takes.
    package private(set) var filters: [String: String] = [:]

    /// - Parameters:
    ///   - limit: where the query has none.
    ///   - atMost: the largest that it may have.
    ///   - filters: names of other parameters.
    package init(
        _ query: [(name: String, value: String)], limit: Int, atMost: Int = 100, filters: Set<String> = []
    ) throws(APIError) {
        self.limit = limit
        for (name, value) in query {
            switch (name, value) {
            case ("limit", _):
                guard let number = JSONValue.wholeNumber(value), (1...atMost).contains(number) else {
                    throw .invalid("limit", "'limit' must be between 1 and \(atMost).")
                }
                self.limit = number
            case ("order", "asc"): isAscending = true
            case ("order", "desc"): isAscending = false
            case ("after", _): after = value
            case _ where filters.contains(name): self.filters[name] = value
            default:
                throw .unsupported(String(name.prefix(100)), "Unknown parameter or value of it: '\(name.prefix(100))'.")
            }
        }
    }
}

extension JSONValue {
    /// Digits and nothing else: Swift's own reading takes a sign too.
    package static func wholeNumber(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }
}

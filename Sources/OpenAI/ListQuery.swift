package import JSON

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

    /// The page of a list that is in memory.
    ///
    /// - Parameter items: all of them, oldest first.
    package func page(of items: [JSONValue]) -> JSONValue {
        var rest = (isAscending ? items : items.reversed())[...]
        if let after, let place = rest.firstIndex(where: { $0.object?["id"]?.string == after }) {
            rest = rest[(place + 1)...]
        }
        return ListObject.json(Array(rest), limit: limit)
    }
}

extension JSONValue {
    /// Digits and nothing else: Swift's own reading takes a sign too.
    package static func wholeNumber(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }
}

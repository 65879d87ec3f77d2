package import JSON

/// OpenAI's list of one page.
package enum ListObject {
    /// - Parameter items: more than the limit where there are more.
    package static func json(_ items: [JSONValue], limit: Int) -> JSONValue {
        let page = Array(items.prefix(limit))
        let id = { (item: JSONValue?) in item?.object?["id"] ?? .null }
        return [
            "object": "list", "data": .array(page), "has_more": .bool(items.count > limit),
            "first_id": id(page.first), "last_id": id(page.last),
        ]
    }
}

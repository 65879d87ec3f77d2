/// What follows the method: a path and a query. Made only from valid bytes; see `init(parsing:)`.
package struct RequestTarget: Sendable {
    /// As received: visible ASCII.
    package let raw: String
    /// The raw path: what is before `?`, without scheme and authority.
    package let path: String
    /// The pieces of the path between slashes, each percent-decoded once; `/` is one empty piece.
    package let segments: [String]
    /// `name=value` pieces of the query in order, decoded once, `+` as a space.
    package let query: [(name: String, value: String)]
    /// `OPTIONS *`
    package let isAsterisk: Bool
    /// Authority of the absolute form, else nil.
    let authority: String?
}

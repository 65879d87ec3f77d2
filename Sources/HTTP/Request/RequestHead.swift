package import HTTPTypes

/// A request before its body: all that a decision to read the body needs. Framing and syntax are checked already.
package struct RequestHead: Sendable {
    /// The client's `x-request-id` when that is 1 to 128 visible ASCII characters, else one made here.
    package let id: String
    package let method: HTTPRequest.Method
    package let target: RequestTarget
    /// As received, in order. Values are opaque bytes; compare them as bytes.
    package let fields: HTTPFields
    /// The authority that the request is for, `host` or `host:port`; empty where HTTP/1.0 gives none.
    package let host: String
    /// The client's address without port; as its proxy tells it, where that is trusted.
    package let peer: String
    /// When the first byte of the request was there.
    package let receivedAt: ContinuousClock.Instant
    /// For the request's line of the log.
    package let notes = RequestNotes()
    /// What the `{…}` of the route matched, decoded once; set by `Router`, else nil.
    package internal(set) var parameter: String?

    package init(
        id: String, method: HTTPRequest.Method, target: RequestTarget, fields: HTTPFields = HTTPFields(),
        host: String = "", peer: String = "memory", receivedAt: ContinuousClock.Instant = .now
    ) {
        self.id = id
        self.method = method
        self.target = target
        self.fields = fields
        self.host = host
        self.peer = peer
        self.receivedAt = receivedAt
    }
}

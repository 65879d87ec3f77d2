package import HTTPTypes

/// The head of a request, checked: what the parser knows before the body.
package struct ParsedHead: Sendable {
    package enum Framing: Sendable, Equatable {
        case none
        case length(Int)
        case chunked
    }

    /// How the body's content is packed.
    package enum ContentCoding: Sendable, Equatable {
        case identity
        case gzip
    }

    package let method: HTTPRequest.Method
    package let target: RequestTarget
    /// 0 or 1, of HTTP/1.x
    package let minorVersion: Int
    package let fields: HTTPFields
    /// The authority that the request is for, `host` or `host:port`; empty for an HTTP/1.0 request without one.
    package let host: String
    package let framing: Framing
    package let contentCoding: ContentCoding
    package let expectsContinue: Bool
    /// Whether the client lets the connection go on after this request.
    package let isPersistent: Bool
}

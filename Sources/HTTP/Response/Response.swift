package import HTTPTypes

/// What a handler answers. The connection adds `Date`, `Connection`, `x-request-id` and the framing fields; framing
/// fields set here are dropped.
package struct Response: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        /// Runs after the handler has returned, in the same task: cancelled when the client leaves. The response ends
        /// when the closure returns; when it throws, the connection is cut so that the client sees the body as broken
        /// (before the first write: a 500 is sent instead).
        case stream(@Sendable (BodyWriter) async throws -> Void)
    }

    package var status: HTTPResponse.Status
    package var fields: HTTPFields
    package var body: Body
    /// The pattern of the route, for metrics and the access log; `Router` sets it.
    package internal(set) var handler = "none"

    package init(status: HTTPResponse.Status, fields: HTTPFields = HTTPFields(), body: Body = .bytes([])) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    package init(status: HTTPResponse.Status, contentType: String, bytes: [UInt8]) {
        self.init(status: status, fields: [.contentType: contentType], body: .bytes(bytes))
    }

    /// Server-sent events. The fields keep caches and proxies from holding them back.
    package static func events(_ produce: @escaping @Sendable (EventStreamWriter) async throws -> Void) -> Response {
        var fields: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-cache"]
        if let accelerated = HTTPField.Name("X-Accel-Buffering") { fields[accelerated] = "no" }
        return Response(status: .ok, fields: fields, body: .stream { try await produce(EventStreamWriter($0)) })
    }
}

/// Makes the response to a failure that the HTTP layer itself found: (status, reason for a person).
package typealias ErrorBody = @Sendable (HTTPResponse.Status, String) -> Response

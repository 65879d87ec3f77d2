import HTTPTypes

/// Which web pages may use a server from a browser (CORS, the Fetch standard, 3.3).
///
/// A page that may not is told so by the absence of the fields, which is enough for what it reads; what it sends with
/// other methods than GET has an effect before its browser looks, and must be refused.
package struct OriginPolicy: Sendable {
    /// `scheme://host[:port]`, in addition to pages of this machine.
    private let origins: [String]
    private let allowsAll: Bool

    /// - Parameter origins: as browsers write them, `https://chat.example`; `*` for all.
    package init(origins: [String] = []) {
        allowsAll = origins.contains("*")
        self.origins = origins
    }

    /// The `Origin` of a request as far as it names one page; nil for requests that no browser sent across origins.
    package static func origin(of head: RequestHead) -> String? { origin.flatMap { head.fields[$0] } }

    package func allows(_ origin: String) -> Bool {
        let bytes = Array(origin.utf8)
        return allowsAll || origins.contains { ASCII.equal($0.utf8, bytes) } || Self.isLoopback(bytes)
    }

    /// A page served from this machine, over either scheme and on any port. The text `null`, which sandboxed frames
    /// and files send, is none.
    private static func isLoopback(_ origin: [UInt8]) -> Bool {
        for scheme: StaticString in ["http://", "https://"] {
            let length = scheme.utf8CodeUnitCount
            let authority = origin.dropFirst(length)
            guard ASCII.equal(origin.prefix(length), scheme), Authority.isValid(authority) else { continue }
            return HostPolicy.isLoopback(Authority.name(of: authority))
        }
        return false
    }

    /// The response with the fields that let the page of an allowed origin read it.
    package func allowing(_ origin: String, _ response: Response) -> Response {
        var response = response
        set("access-control-allow-origin", allowsAll ? "*" : origin, &response)
        set("access-control-expose-headers", Self.exposed, &response)
        // Also an answer to another page may be kept by a cache.
        if !allowsAll { response.fields.append(HTTPField(name: .vary, value: "Origin")) }
        return response
    }

    /// The answer to the question that a browser asks before a request (a preflight), or nil when this is none. The
    /// origin is allowed already.
    package func preflight(_ head: RequestHead) -> Response? {
        guard head.method == .options, let name = HTTPField.Name("access-control-request-method"),
            head.fields[name] != nil
        else { return nil }
        var response = Response(status: .noContent)
        set("access-control-allow-methods", "GET, HEAD, POST, PUT, DELETE", &response)
        set("access-control-allow-headers", Self.requestedFields(head), &response)
        set("access-control-max-age", "600", &response)
        response.fields.append(HTTPField(name: .vary, value: "Access-Control-Request-Headers"))
        return response
    }

    /// All that are asked for: OpenAI's client sends a dozen of its own, and none is dangerous without credentials.
    private static func requestedFields(_ head: RequestHead) -> String {
        let usual = "authorization, content-type, x-api-key"
        guard let name = HTTPField.Name("access-control-request-headers"), let asked = head.fields[name] else {
            return usual
        }
        let names = ASCII.list(Array(asked.utf8)[...])
        guard !names.isEmpty, names.allSatisfy({ $0.allSatisfy(ASCII.isToken) }) else { return usual }
        return names.map(ASCII.text).joined(separator: ", ")
    }

    private static let origin = HTTPField.Name("origin")
    private static let exposed = [
        "x-request-id", "retry-after", "server-timing", "x-ratelimit-limit-requests",
        "x-ratelimit-limit-tokens", "x-ratelimit-remaining-requests", "x-ratelimit-remaining-tokens",
        "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens",
    ].joined(separator: ", ")

    private func set(_ name: String, _ value: String, _ response: inout Response) {
        if let name = HTTPField.Name(name) { response.fields[name] = value }
    }
}

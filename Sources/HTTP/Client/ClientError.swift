package import Transport

/// Why a request to another server failed.
package enum ClientError: Error, Equatable, CustomStringConvertible {
    /// Neither `http://host:port` nor `https://`.
    case unsupportedURL(String)
    case transport(TransportError)
    /// The server closed before its response was complete.
    case disconnected
    case malformed(String)

    package var description: String {
        switch self {
        case .unsupportedURL(let url): "cannot use the URL \(url): expected http://host[:port] or https://"
        case .transport(let error): "\(error)"
        case .disconnected: "the server closed the connection before its response was complete"
        case .malformed(let what): "the server sent a malformed response: \(what)"
        }
    }
}

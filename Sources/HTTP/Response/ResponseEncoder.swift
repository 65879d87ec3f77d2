package import HTTPTypes

/// Turns responses to one request into bytes. Owns the framing: what a handler says about it is dropped.
///
/// Nothing in a response can begin a second header line: names are tokens and values hold no CR, LF or NUL by the
/// rules of HTTPFields, and the reason phrase is reduced to visible ASCII here.
package struct ResponseEncoder: Sendable {
    package enum Coding: Sendable, Equatable {
        /// No body: HEAD, 204, 304.
        case none
        case length
        case chunked
        /// HTTP/1.0 knows no chunks: the end of the connection ends the body.
        case untilClose
    }

    private let isHead: Bool
    private let minorVersion: Int
    private let idleSeconds: Int64

    package init(method: HTTPRequest.Method = .get, minorVersion: Int = 1, idleLimit: Duration = .seconds(75)) {
        isHead = method == .head
        self.minorVersion = minorVersion
        idleSeconds = idleLimit.components.seconds
    }

    package func coding(of response: Response) -> Coding {
        if isHead || response.status.code < 200 || [204, 304].contains(response.status.code) { return .none }
        switch response.body {
        case .bytes: return .length
        case .stream: return minorVersion == 1 ? .chunked : .untilClose
        }
    }

    /// The head and the body, or as much of them as is known before a stream runs. `date`: a whole `Date` line.
    package func encode(_ response: Response, id: String, isPersistent: Bool, date: [UInt8]) -> [UInt8] {
        let coding = coding(of: response)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        bytes.append(contentsOf: "HTTP/1.1 \(response.status.code) ".utf8)
        bytes.append(contentsOf: response.status.reasonPhrase.utf8.lazy.filter { $0 >= 0x20 && $0 < 0x7F })
        bytes.append(contentsOf: "\r\n".utf8)
        for field in response.fields where !Self.isOwn(field.name) {
            Self.append(field, to: &bytes)
        }
        bytes.append(contentsOf: "x-request-id: \(id)\r\n".utf8)
        bytes.append(contentsOf: date)
        bytes.append(contentsOf: connection(isPersistent: isPersistent && coding != .untilClose).utf8)
        if case .bytes(let body) = response.body, response.status.code >= 200, response.status.code != 204 {
            bytes.append(contentsOf: "Content-Length: \(body.count)\r\n\r\n".utf8)
            if coding == .length { bytes.append(contentsOf: body) }
        } else {
            bytes.append(contentsOf: (coding == .chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n").utf8)
        }
        return bytes
    }

    /// RFC 9112 7.1: one chunk. Empty bytes would end the body and are not a chunk.
    package static func chunk(_ bytes: [UInt8]) -> [UInt8] {
        var chunk = Array(String(bytes.count, radix: 16).utf8)
        chunk.reserveCapacity(bytes.count + chunk.count + 4)
        chunk.append(contentsOf: "\r\n".utf8)
        chunk.append(contentsOf: bytes)
        chunk.append(contentsOf: "\r\n".utf8)
        return chunk
    }

    package static let lastChunk = Array("0\r\n\r\n".utf8)
    package static let proceed = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    private func connection(isPersistent: Bool) -> String {
        guard isPersistent else { return "Connection: close\r\n" }
        let keepAlive = "Keep-Alive: timeout=\(idleSeconds)\r\n"
        return minorVersion == 1 ? keepAlive : "Connection: keep-alive\r\n" + keepAlive
    }

    private static func append(_ field: HTTPField, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: field.name.rawName.utf8)
        bytes.append(contentsOf: ": ".utf8)
        field.withUnsafeBytesOfValue { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: "\r\n".utf8)
    }

    private static func isOwn(_ name: HTTPField.Name) -> Bool {
        switch name.canonicalName {
        case "content-length", "transfer-encoding", "connection", "keep-alive", "date", "x-request-id": true
        default: false
        }
    }
}

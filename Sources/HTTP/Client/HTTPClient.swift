import Foundation
package import HTTPTypes
package import Transport

/// A client for another OpenAI-compatible server: HTTP/1.1, with TLS or without, one connection, one request at a time.
///
/// Made for `drover chat` and `drover bench serve`, which speak to servers that people run themselves.
package actor HTTPClient {
    private let authority: String
    private let basePath: String
    private let connect: @Sendable () async throws(TransportError) -> any ByteStream
    private var connection: (any ByteStream)?

    /// - Parameter url: `http://host[:port][/path]` or `https://…`; paths of requests are put behind its path. The
    ///   server's certificate must lead to an authority of the system, or of the file that `SSL_CERT_FILE` names.
    package init(url: String) throws(ClientError) {
        guard let parts = URLComponents(string: url), parts.scheme == "http" || parts.scheme == "https",
            let host = parts.host, !host.isEmpty,
            let port = UInt16(exactly: parts.port ?? (parts.scheme == "https" ? 443 : 80))
        else { throw .unsupportedURL(url) }
        // URLComponents leaves the brackets around an IPv6 address; the resolver does not take them.
        let name = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        self.init(
            authority: "\(host):\(port)",
            basePath: parts.path.hasSuffix("/") ? String(parts.path.dropLast()) : parts.path
        ) { [context = try parts.scheme == "https" ? Self.tls() : nil] () async throws(TransportError) in
            let stream = try await SocketStream.connect(host: name, port: port)
            return context.map { TLSStream(stream, context: $0, host: name) } ?? stream
        }
    }

    private static func tls() throws(ClientError) -> TLSContext {
        do {
            return try TLSContext()
        } catch {
            throw .transport(.tls("\(error)"))
        }
    }

    /// A client over any byte stream; tests use memory.
    package init(
        authority: String, basePath: String = "",
        connect: @escaping @Sendable () async throws(TransportError) -> any ByteStream
    ) {
        self.authority = authority
        self.basePath = basePath
        self.connect = connect
    }

    /// Sends a request and hands the body over piece by piece, as it comes.
    /// - Returns: the response's head; the body has been read to its end.
    @discardableResult
    package func send(
        _ method: HTTPRequest.Method, _ path: String, fields: HTTPFields = HTTPFields(), body: [UInt8] = [],
        onHead: (HTTPResponse) throws -> Void = { _ in }, onBody: ([UInt8]) throws -> Void
    ) async throws -> HTTPResponse {
        let isReused = connection != nil
        do {
            return try await exchange(method, path, fields, body, onHead, onBody)
        } catch ClientError.disconnected where isReused {
            // The server closed the idle connection before our request reached it; a fresh one decides.
            return try await exchange(method, path, fields, body, onHead, onBody)
        }
    }

    private func exchange(
        _ method: HTTPRequest.Method, _ path: String, _ fields: HTTPFields, _ body: [UInt8],
        _ onHead: (HTTPResponse) throws -> Void, _ onBody: ([UInt8]) throws -> Void
    ) async throws -> HTTPResponse {
        let stream = try await connected()
        var isWhole = false
        // A response left half read would be taken for the next one.
        defer { if !isWhole { disconnect() } }
        var parser = ResponseParser(expectsBody: method != .head)
        try await write(encode(method, path, fields, body), to: stream)
        var response = HTTPResponse(status: .ok)
        reading: while true {
            switch try await nextPiece(&parser, from: stream) {
            case .head(let head):
                response = head
                try onHead(head)
            case .body(let bytes): try onBody(bytes)
            case .end: break reading
            }
        }
        isWhole = response.headerFields[.connection]?.lowercased() != "close"
        return response
    }

    package func disconnect() {
        connection?.close()
        connection = nil
    }

    private func connected() async throws(ClientError) -> any ByteStream {
        if let connection { return connection }
        do {
            let stream = try await connect()
            connection = stream
            return stream
        } catch {
            throw .transport(error)
        }
    }

    private func encode(
        _ method: HTTPRequest.Method, _ path: String, _ fields: HTTPFields, _ body: [UInt8]
    ) -> [UInt8] {
        let target = basePath + path
        var head = "\(method.rawValue) \(target.isEmpty ? "/" : target) HTTP/1.1\r\nHost: \(authority)\r\n"
        for field in fields { head += "\(field.name.rawName): \(field.value)\r\n" }
        if method == .post { head += "Content-Length: \(body.count)\r\n" }
        return Array((head + "\r\n").utf8) + body
    }

    private func write(_ bytes: [UInt8], to stream: any ByteStream) async throws(ClientError) {
        do {
            try await stream.write(bytes)
        } catch {
            if case .tls = error { throw .transport(error) }
            // A closed connection shows up here or at the read behind it; both mean the same.
            throw connection == nil ? .transport(error) : .disconnected
        }
    }

    private func nextPiece(
        _ parser: inout ResponseParser, from stream: any ByteStream
    ) async throws(ClientError) -> ResponseParser.Piece {
        while true {
            if let piece = try parser.next() { return piece }
            let bytes = try await read(from: stream)
            if bytes.isEmpty, let piece = try parser.next(atEnd: true) { return piece }
            parser.feed(bytes)
        }
    }

    private func read(from stream: any ByteStream) async throws(ClientError) -> [UInt8] {
        do {
            return try await stream.read(deadline: nil)
        } catch {
            throw .transport(error)
        }
    }
}

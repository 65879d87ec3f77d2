import HTTPTypes

extension Response {
    /// Below that a packet carries it anyway.
    private static let gzipThreshold = 1024

    /// The response as the client takes it: whole JSON and text over a KiB as gzip. Streams stay as they are: an event
    /// must not wait in a compressor.
    func coded(for accepted: AcceptEncoding) -> Response {
        guard case .bytes(let bytes) = body, !bytes.isEmpty, isText, fields[.contentEncoding] == nil else {
            return self
        }
        let isLarge = bytes.count > Self.gzipThreshold
        var response = self
        // Caches must know that it depends also where this client got it plain.
        if isLarge || accepted.requiresGzip {
            response.fields[.vary] = fields[.vary].map { "\($0), Accept-Encoding" } ?? "Accept-Encoding"
        }
        guard accepted.requiresGzip || isLarge && accepted.prefersGzip, let coded = Gzip.encode(bytes) else {
            return response
        }
        response.fields[.contentEncoding] = "gzip"
        response.body = .bytes(coded)
        return response
    }

    private var isText: Bool {
        guard let type = fields[.contentType]?.utf8 else { return false }
        return type.starts(with: "application/json".utf8) || type.starts(with: "text/plain".utf8)
    }
}

package import HTTPTypes

/// Why the bytes of a client are not a request that is served. Each ends its connection after one response.
package enum RequestError: Error, Equatable, Sendable {
    /// Breaks the grammar; where, and the rule that it breaks.
    case malformed(String)
    case requestLineTooLong(limit: Int)
    case fieldLineTooLong(limit: Int)
    case fieldSectionTooLong(limit: Int)
    case tooManyFields(limit: Int)
    case bodyTooLarge(limit: Int)
    /// Decompressed, it has more than the limit of bodies.
    case contentTooLarge(limit: Int)
    /// Decompressed, it has more than this many times its size.
    case compressedTooMuch(limit: Int)
    /// zlib has no memory.
    case codingFailed
    case tooManyChunks(limit: Int)
    case chunkExtensionsTooLong(limit: Int)
    case trailersTooLong(limit: Int)
    case unknownMethod
    case unsupportedTransferCoding
    case unsupportedContentCoding
    /// Compressed, on a route whose bodies are not held in memory.
    case codedUpload
    case unsupportedVersion
    case unknownExpectation
    case headTimedOut(limit: Duration)
    case bodyTimedOut
    case incompleteBody(received: Int)

    package var status: HTTPResponse.Status {
        switch self {
        case .malformed, .tooManyChunks, .chunkExtensionsTooLong, .trailersTooLong, .incompleteBody: .badRequest
        case .requestLineTooLong: .uriTooLong
        case .fieldLineTooLong, .fieldSectionTooLong, .tooManyFields: .requestHeaderFieldsTooLarge
        case .bodyTooLarge, .contentTooLarge, .compressedTooMuch: .contentTooLarge
        case .codingFailed: .serviceUnavailable
        case .unknownMethod, .unsupportedTransferCoding: .notImplemented
        case .unsupportedContentCoding, .codedUpload: .unsupportedMediaType
        case .unsupportedVersion: .httpVersionNotSupported
        case .unknownExpectation: .expectationFailed
        case .headTimedOut, .bodyTimedOut: .requestTimeout
        }
    }

    /// What the response has beside its body. RFC 9110 15.5.16: which codings would do.
    package var fields: HTTPFields { self == .unsupportedContentCoding ? [.acceptEncoding: "gzip"] : HTTPFields() }

    /// For a person; holds nothing that the client sent.
    package var reason: String {
        switch self {
        case .malformed(let rule): rule
        case .requestLineTooLong(let limit): "the request line is longer than \(limit) bytes"
        case .fieldLineTooLong(let limit): "a header line is longer than \(limit) bytes"
        case .fieldSectionTooLong(let limit): "the headers are longer than \(limit) bytes"
        case .tooManyFields(let limit): "there are more than \(limit) headers"
        case .bodyTooLarge(let limit): "the body is larger than \(limit) bytes"
        case .contentTooLarge(let limit): "the decompressed body is larger than \(limit) bytes"
        case .compressedTooMuch(let limit): "the body is compressed more than \(limit) to 1"
        case .codingFailed: "there is no memory to decompress the body"
        case .tooManyChunks(let limit): "the body has more than \(limit) chunks"
        case .chunkExtensionsTooLong(let limit): "the chunk extensions are longer than \(limit) bytes"
        case .trailersTooLong(let limit): "the trailers are longer than \(limit) bytes"
        case .unknownMethod: "the method is unknown"
        case .unsupportedTransferCoding: "the only transfer coding supported is chunked"
        case .unsupportedContentCoding: "the only content coding of requests supported is gzip"
        case .codedUpload: "an upload cannot be compressed"
        case .unsupportedVersion: "the HTTP version must be 1.0 or 1.1"
        case .unknownExpectation: "the only expectation supported is 100-continue"
        case .headTimedOut(let limit): "the headers took longer than \(limit)"
        case .bodyTimedOut: "the body came too slowly"
        case .incompleteBody(let received): "the connection ended after \(received) bytes of the body"
        }
    }
}

/// How much one request may be. The defaults are those of common servers, or below.
package struct RequestLimits: Sendable {
    package var requestLine = 8192
    package var fieldLine = 8192
    package var fieldSection = 32768
    package var fields = 100
    package var body = 32 << 20
    /// Of a body that is not held in memory; 0 where no route takes one.
    package var upload = 0
    package var chunks = 65536
    package var chunkExtensions = 16384
    package var trailers = 16384
    /// Empty lines before a request (RFC 9112 2.2 asks to tolerate at least one).
    package var leadingLines = 8

    package init() {}
}

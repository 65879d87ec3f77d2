/// What a server allows its clients. Read once at start.
package struct ServerSettings: Sendable {
    package var limits = RequestLimits()
    /// From the first byte of a request (on a new connection: from its beginning) to the end of the headers.
    package var headLimit = Duration.seconds(10)
    /// Between two pieces of a body.
    package var bodyGap = Duration.seconds(20)
    /// A body slower than this after `bodyGrace` is given up.
    package var bodyBytesPerSecond = 1024
    /// The same of an upload, which may be much larger: 200 MB take at most 3.5 hours.
    package var uploadBytesPerSecond = 16_384
    package var bodyGrace = Duration.seconds(10)
    package var idleLimit = Duration.seconds(75)
    package var requestsPerConnection = 1000
    /// How long after a last response the client's bytes are still taken.
    package var lingerLimit = Duration.seconds(2)
    package var connections = 10_240
    /// Peers of this machine and trusted proxies are exempt: behind them stand many, or the operator.
    package var connectionsPerPeer = 256
    /// Proxies whose word on their clients is taken; nil: nobody's is.
    package var proxies: TrustedProxies?
    /// Whether these proxies begin each connection with a PROXY header.
    package var readsProxyHeader = false
    /// Whether the end of the client's bytes while its request is worked on counts as leaving, and cancels the handler.
    ///
    /// TCP does not tell `close` from `shutdown(SHUT_WR)`, and only a write would show the difference; a request that
    /// is not streamed writes nothing until it is done. So true is the default. What the handler returns is sent even
    /// so: quick requests of a client that half-closes are answered. With false only a reset cancels.
    package var halfCloseIsDeparture = true

    package init() {}
}

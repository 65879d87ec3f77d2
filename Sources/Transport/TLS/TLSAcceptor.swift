import Synchronization

/// Puts a server's TLS around connections, new ones with the newest identity.
package final class TLSAcceptor: Sendable {
    private let context: Mutex<TLSContext>
    /// Sent, as it is, to a client whose first byte can only begin a plain-text protocol.
    let plainReply: [UInt8]
    private let onHandshake: @Sendable (_ peer: String, _ end: Result<Void, TransportError>) -> Void
    /// One handshake computes at a time: a flood of them, each a private key's worth of arithmetic, takes one core at
    /// most. Those that wait for their client's bytes hold nothing here; the limit of connections counts them.
    let turnstile = Turnstile()

    /// `onHandshake` hears of each one begun: that it was done, or why not.
    package init(
        _ context: TLSContext, plainReply: [UInt8] = [],
        onHandshake: @escaping @Sendable (_ peer: String, _ end: Result<Void, TransportError>) -> Void
    ) {
        self.context = Mutex(context)
        self.plainReply = plainReply
        self.onHandshake = onHandshake
    }

    /// For connections whose first byte comes from now on.
    package func replace(_ context: TLSContext) { self.context.withLock { $0 = context } }

    package func secure(_ stream: any ByteStream) -> TLSStream { TLSStream(stream, acceptor: self) }

    func makeSession() -> TLSSession? { context.withLock { $0 }.accept() }

    func report(_ peer: String, _ end: Result<Void, TransportError>) { onHandshake(peer, end) }
}

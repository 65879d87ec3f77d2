import Glibc
import Testing
import Transport

struct ListenerTests {
    /// A descriptor of this process whose socket is connected to the port from the other side.
    private static func accepted(atPort port: UInt16) -> Int32? {
        (Int32(3)..<1024).first { number in
            var (address, length) = (sockaddr_in(), socklen_t(MemoryLayout<sockaddr_in>.size))
            let named = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(number, $0, &length) }
            }
            return named == 0 && address.sin_port == port.bigEndian && option(number, SOL_SOCKET, SO_ACCEPTCONN) == 0
        }
    }

    private static func option(_ number: Int32, _ level: Int32, _ name: Int32) -> Int32 {
        var (value, length) = (Int32(-1), socklen_t(MemoryLayout<Int32>.size))
        return getsockopt(number, level, name, &value, &length) == 0 ? value : -1
    }

    @Test func `accepted sockets neither delay nor block, are kept alive, and end at exec`() async throws {
        let listener = Listener(try ListeningSocket(.internet(host: "127.0.0.1", port: 0)))
        defer { listener.close() }
        guard case .internet(_, let port) = listener.endpoint else { throw TransportError.closed }
        async let client = SocketStream.connect(host: "127.0.0.1", port: port)
        let stream = try #require(try await listener.accept())
        let number = try #require(Self.accepted(atPort: port))
        #expect(Self.option(number, Int32(IPPROTO_TCP), TCP_NODELAY) == 1)
        #expect(Self.option(number, SOL_SOCKET, SO_KEEPALIVE) == 1)
        #expect(fcntl(number, F_GETFL) & O_NONBLOCK != 0)
        #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
        stream.close()
        try await client.close()
    }

    @Test func `waits for one connection after the other, and ends when it is closed or cancelled`() async throws {
        let listener = Listener(try ListeningSocket(.internet(host: "127.0.0.1", port: 0)))
        guard case .internet(_, let port) = listener.endpoint else { throw TransportError.closed }
        for _ in 0..<3 {
            async let accepted = listener.accept()
            let client = try await SocketStream.connect(host: "127.0.0.1", port: port)
            let stream = try #require(try await accepted)
            try await client.write([1])
            #expect(try await stream.read(deadline: nil) == [1])
        }
        let cancelled = Task { try await listener.accept() == nil }
        cancelled.cancel()
        #expect(try await cancelled.value)
        async let closed = listener.accept()
        listener.close()
        #expect(try await closed == nil)
    }
}

import Synchronization
import Testing
import Transport

/// A client and a server of TLS over memory or sockets; OpenSSL's own client stands in Tests/EndToEnd/test_tls.py.
struct TLSStreamTests {
    private struct Pair {
        let client: TLSStream
        let server: TLSStream
        /// What lies below the client.
        let below: any ByteStream
        let reports: Reports
    }

    /// What the acceptor was told.
    private final class Reports: Sendable {
        let all = Mutex<[TransportError?]>([])
    }

    private static func pair(
        _ below: (client: any ByteStream, server: any ByteStream) = MemoryStream.pair(), host: String = "localhost"
    ) throws -> Pair {
        let certificate = try TestCertificate.shared.get()
        let reports = Reports()
        let acceptor = TLSAcceptor(
            try TLSContext(server: certificate.identity), plainReply: Array("speak TLS".utf8)
        ) { _, end in
            reports.all.withLock { reports in
                if case .failure(let error) = end { reports.append(error) } else { reports.append(nil) }
            }
        }
        return Pair(
            client: TLSStream(below.client, context: try TLSContext(), host: host),
            server: acceptor.secure(below.server), below: below.client, reports: reports)
    }

    private static func readAll(_ stream: TLSStream) async throws -> [UInt8] {
        var received: [UInt8] = []
        while true {
            let bytes = try await stream.read(deadline: nil)
            if bytes.isEmpty { return received }
            received += bytes
        }
    }

    /// Exchanges one byte each way, so that the handshake is done.
    private static func greet(_ pair: Pair) async throws {
        async let sent: Void = pair.client.write([1])
        #expect(try await pair.server.read(deadline: nil) == [1])
        try await sent
        try await pair.server.write([2])
        #expect(try await pair.client.read(deadline: nil) == [2])
    }

    @Test func `carries long bodies both ways to their end`() async throws {
        let pair = try Self.pair(SocketStreamTests.pair())
        let sent = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        async let up: Void = {
            try await pair.client.write(sent)
            await pair.client.finish(deadline: .now + .seconds(10))
        }()
        #expect(try await Self.readAll(pair.server) == sent)
        await pair.server.finish(deadline: .now + .seconds(1))
        try await up
        #expect(pair.reports.all.withLock { $0 } == [nil])
    }

    @Test func `keeps the bytes of each write together`() async throws {
        let pair = try Self.pair(SocketStreamTests.pair())
        try await Self.greet(pair)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for letter in UInt8(97)..<105 {
                group.addTask { try await pair.server.write(Array(repeating: letter, count: 100_000)) }
            }
            var received: [UInt8] = []
            while received.count < 800_000 { received += try await pair.client.read(deadline: nil) }
            for start in stride(from: 0, to: 800_000, by: 100_000) {
                #expect(Set(received[start..<(start + 100_000)]).count == 1)
            }
            try await group.waitForAll()
        }
    }

    @Test func `takes a handshake byte by byte`() async throws {
        let (clientBelow, left) = MemoryStream.pair()
        let (right, serverBelow) = MemoryStream.pair()
        let pair = try Self.pair((clientBelow, serverBelow))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (from, to) in [(left, right), (right, left)] {
                group.addTask {
                    while let bytes = try? await from.read(deadline: nil), !bytes.isEmpty {
                        for byte in bytes { try await to.write([byte]) }
                    }
                }
            }
            try await Self.greet(pair)
            group.cancelAll()
        }
    }

    @Test func `S8 - takes an end without close_notify for a cut`() async throws {
        let pair = try Self.pair()
        try await Self.greet(pair)
        pair.below.close()
        await #expect(throws: TransportError.tls("the connection ended without close_notify")) {
            try await pair.server.read(deadline: nil)
        }
    }

    @Test func `sees close_notify while nobody reads, and keeps the last bytes`() async throws {
        let pair = try Self.pair(SocketStreamTests.pair())
        try await Self.greet(pair)
        try await pair.client.write([7])
        async let departure = pair.server.departure()
        async let farewell: Void = pair.client.finish(deadline: .now + .seconds(10))
        #expect(try await departure == .ended)
        #expect(try await pair.server.read(deadline: nil) == [7])
        #expect(try await pair.server.read(deadline: nil) == [])
        pair.server.close()
        await farewell
    }

    @Test func `stops watching, also before the watch begins, and reads on`() async throws {
        let pair = try Self.pair(SocketStreamTests.pair())
        try await Self.greet(pair)
        pair.server.stopWatching()
        #expect(try await pair.server.departure() == nil)
        async let departure = pair.server.departure()
        try await pair.client.write([3])
        pair.server.stopWatching()
        #expect(try await departure == nil)
        #expect(try await pair.server.read(deadline: nil) == [3])
    }

    @Test func `ends a read at its deadline and stays usable, also in the handshake`() async throws {
        let pair = try Self.pair(SocketStreamTests.pair())
        await #expect(throws: TransportError.timedOut) { try await pair.server.read(deadline: .now) }
        try await Self.greet(pair)
        await #expect(throws: TransportError.timedOut) { try await pair.server.read(deadline: .now) }
        try await Self.greet(pair)
    }

    @Test func `H51 and H52 cuts off a peer that reads nothing`() async throws {
        let pair = try Self.pair(SocketStreamTests.pair(stallLimit: .milliseconds(50)))
        try await Self.greet(pair)
        await #expect(throws: TransportError.timedOut) {
            try await pair.server.write(Array(repeating: 0, count: 8 << 20))
        }
        await #expect(throws: TransportError.self) { try await pair.server.read(deadline: nil) }
    }

    @Test func `S12 - writes nothing once closed, and nothing before the handshake`() async throws {
        let pair = try Self.pair(SocketStreamTests.pair())
        await #expect(throws: TransportError.tls("the handshake has not begun")) { try await pair.server.write([1]) }
        try await Self.greet(pair)
        pair.server.close()
        await #expect(throws: TransportError.closed) { try await pair.server.write([1]) }
        await #expect(throws: TransportError.closed) { try await pair.server.read(deadline: nil) }
        // The peer is gone: no SIGPIPE ends the process.
        for _ in 0..<3 { _ = try? await pair.client.write(Array(repeating: 0, count: 100_000)) }
    }

    @Test func `S5 - answers plain text in plain text, and other noise with an alert`() async throws {
        for (noise, answer) in [("GET / HTTP/1.1\r\n", "speak TLS"), ("\u{16}\u{3}\u{1}\0\u{5}hello", "\u{15}\u{3}")] {
            let pair = try Self.pair()
            try await pair.below.write(Array(noise.utf8))
            await #expect(throws: TransportError.self) { try await pair.server.read(deadline: nil) }
            let reply = try await pair.below.read(deadline: nil)
            #expect(reply.starts(with: answer.utf8))
            #expect(pair.reports.all.withLock { $0.count == 1 && $0[0] != nil })
        }
    }

    @Test func `refuses a server of another name`() async throws {
        let pair = try Self.pair(SocketStreamTests.pair(), host: "example.org")
        async let served = try? pair.server.read(deadline: .now + .seconds(10))
        let error = await #expect(throws: TransportError.self) { try await pair.client.write([1]) }
        #expect("\(error ?? .closed)".contains("hostname mismatch"))
        _ = await served
    }

    @Test func `S6 - names the part of an identity that is wrong`() throws {
        let good = try TestCertificate.shared.get().identity
        let other = try TestCertificate().identity
        func refusal(_ certificates: [UInt8], _ key: [UInt8], _ authorities: [UInt8]? = nil) -> TLSIdentityError? {
            #expect(throws: TLSIdentityError.self) {
                try TLSContext(
                    server: TLSIdentity(certificates: certificates, key: key, clientAuthorities: authorities))
            }
        }
        if case .certificate = refusal([], good.key) {} else { Issue.record("no certificate") }
        for count in stride(from: 30, to: good.certificates.count - 30, by: 40) {
            let half = Array(good.certificates.prefix(count))
            if case .certificate = refusal(half, good.key) {} else { Issue.record("half a certificate") }
            let more = good.certificates + half
            if case .certificate = refusal(more, good.key) {} else { Issue.record("half a second certificate") }
        }
        if case .key = refusal(good.certificates, other.key) {} else { Issue.record("another key") }
        if case .key = refusal(good.certificates, Array(good.key.dropLast(60))) {} else { Issue.record("half a key") }
        if case .clientAuthorities = refusal(good.certificates, good.key, []) {} else { Issue.record("no authority") }
    }
}

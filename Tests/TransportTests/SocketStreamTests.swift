import Glibc
import Testing
import Transport

struct SocketStreamTests {
    /// Two connected sockets of this process.
    static func pair(stallLimit: Duration = .seconds(30)) throws -> (SocketStream, SocketStream) {
        var numbers: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &numbers) == 0)
        return (
            SocketStream(descriptor: numbers[0], peer: "b", stallLimit: stallLimit),
            SocketStream(descriptor: numbers[1], peer: "a", stallLimit: stallLimit)
        )
    }

    @Test func `carries more bytes than the system buffers, in order`() async throws {
        let (sender, receiver) = try Self.pair()
        let sent = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        async let writing: Void = {
            try await sender.write(sent)
            sender.endWriting()
        }()
        var received: [UInt8] = []
        while true {
            let bytes = try await receiver.read(deadline: nil)
            if bytes.isEmpty { break }
            received += bytes
        }
        try await writing
        #expect(received == sent)
    }

    @Test func `keeps the bytes of each write together`() async throws {
        let (sender, receiver) = try Self.pair()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for letter in UInt8(97)..<105 {
                group.addTask { try await sender.write(Array(repeating: letter, count: 100_000)) }
            }
            var received: [UInt8] = []
            while received.count < 800_000 { received += try await receiver.read(deadline: nil) }
            for start in stride(from: 0, to: 800_000, by: 100_000) {
                #expect(Set(received[start..<(start + 100_000)]).count == 1)
            }
            try await group.waitForAll()
        }
    }

    @Test func `ends a read at its deadline and stays usable`() async throws {
        let (client, server) = try Self.pair()
        await #expect(throws: TransportError.timedOut) { try await server.read(deadline: .now) }
        try await client.write([1, 2])
        #expect(try await server.read(deadline: nil) == [1, 2])
    }

    @Test func `H51 and H52 cuts off a peer that reads nothing`() async throws {
        let (client, server) = try Self.pair(stallLimit: .milliseconds(20))
        await #expect(throws: TransportError.timedOut) { try await server.write(Array(repeating: 0, count: 8 << 20)) }
        await #expect(throws: TransportError.timedOut) { try await server.write([0]) }
        withExtendedLifetime(client) {}
    }

    @Test func `ends waits when their task is cancelled`() async throws {
        let (client, server) = try Self.pair()
        await withTaskGroup(of: TransportError?.self) { group in
            group.addTask { await Self.error { _ = try await server.read(deadline: nil) } }
            group.addTask { await Self.error { _ = try await server.departure() } }
            group.addTask { await Self.error { try await server.write(Array(repeating: 0, count: 8 << 20)) } }
            group.cancelAll()
            for await error in group { #expect(error == .cancelled) }
        }
        withExtendedLifetime(client) {}
    }

    @Test func `sees the peer leave while nobody reads, and keeps its last bytes`() async throws {
        let (client, server) = try Self.pair()
        try await client.write([7])
        async let departure = server.departure()
        client.close()
        #expect(try await departure == .ended)
        #expect(try await server.read(deadline: nil) == [7])
        #expect(try await server.read(deadline: nil) == [])
    }

    /// Also when the peer's end was seen before, so that nobody waits for bytes any more.
    @Test(arguments: [false, true])
    func `a write that waits ends when the peer goes`(hasEnded: Bool) async throws {
        let (client, server) = try Self.pair()
        if hasEnded {
            client.endWriting()
            #expect(try await server.read(deadline: nil) == [])
        }
        async let write = Self.error { try await server.write(Array(repeating: 0, count: 8 << 20)) }
        #expect(try await client.read(deadline: nil).isEmpty == false)
        client.close()
        #expect(await write == .reset)
    }

    /// Descriptors' numbers come back at once: what is told of one must not reach the next that has its number.
    @Test func `sockets that come and go are told apart`() async throws {
        for round in 0..<200 {
            let (client, server) = try Self.pair()
            async let read = server.read(deadline: nil)
            try await client.write([UInt8(truncatingIfNeeded: round)])
            #expect(try await read == [UInt8(truncatingIfNeeded: round)])
            async let departure = server.departure()
            client.close()
            #expect(try await departure == .ended)
            if round.isMultiple(of: 2) { server.close() }
        }
    }

    @Test func `stops watching, also before the watch begins`() async throws {
        let (client, server) = try Self.pair()
        server.stopWatching()
        #expect(try await server.departure() == nil)
        withExtendedLifetime(client) {}
    }

    @Test func `ends all waits when it is closed`() async throws {
        let (client, server) = try Self.pair()
        async let read = Self.error { _ = try await server.read(deadline: nil) }
        async let watch = Self.error { _ = try await server.departure() }
        server.close()
        #expect(await read == .closed)
        #expect(await watch == .closed)
        await #expect(throws: TransportError.closed) { try await server.write([1]) }
        withExtendedLifetime(client) {}
    }

    private static func error(_ body: () async throws -> Void) async -> TransportError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? TransportError
        }
    }
}

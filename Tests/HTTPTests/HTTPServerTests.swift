import HTTP
import HTTPTypes
import Synchronization
import Telemetry
import Testing
import Transport

struct HTTPServerTests {
    /// A server over a real listener with one idle connection and one that waits for `release`.
    private static func drain(
        grace: Duration, release: Bool
    ) async throws -> (idle: String, busy: String, ending: String) {
        let events = ConnectionTests.Events()
        let gate = AsyncStream.makeStream(of: Void.self)
        var router = ConnectionTests.router()
        router.on(.get, "/gate") { _ in
            events.tell("began")
            for await _ in gate.stream { break }
            events.tell(Task.isCancelled ? "cancelled" : "finished")
            return .init(status: .ok, contentType: "text/plain", bytes: Array("through".utf8))
        }
        let server = HTTPServer(responder: router, errorBody: TestServer.errors)
        let listener = try Listener.loopback()
        async let running: Void = server.run([listener])
        let idle = TestClient(stream: try SocketStream.loopback(port: listener.loopbackPort))
        for path in ["/hello", "/nowhere"] {
            try await idle.send("GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = try await idle.reply()
        }
        let busy = TestClient(stream: try SocketStream.loopback(port: listener.loopbackPort))
        try await busy.send("GET /gate HTTP/1.1\r\nHost: h\r\n\r\n")
        _ = await events.next()
        server.drain(grace: grace)
        let idleRest = try await idle.rest()
        if release { gate.continuation.yield() }
        let ending = await events.next() ?? ""
        let busyRest = try await busy.rest()
        try await running
        return (idleRest, busyRest, ending)
    }

    @Test func `drains: idle connections close, a request in progress finishes and is told to close`() async throws {
        let (idle, busy, ending) = try await Self.drain(grace: .seconds(60), release: true)
        #expect(idle == "")
        #expect(ending == "finished")
        #expect(busy.contains("Connection: close"))
        #expect(busy.hasSuffix("through"))
    }

    @Test func `cancels what is left when the grace is over, and returns`() async throws {
        let (_, _, ending) = try await Self.drain(grace: .zero, release: false)
        #expect(ending == "cancelled")
    }

    @Test(arguments: Wire.allCases)
    func `answers 503 to a connection too many`(_ wire: Wire) async throws {
        var settings = ServerSettings()
        settings.connections = 1
        try await TestServer.run(wire, ConnectionTests.router(), settings: settings) { server in
            let first = try server.connect()
            try await first.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try await first.reply().status == 200)
            let second = try server.connect()
            #expect(try await second.reply().status == 503)
        }
    }

    @Test func `counts connections of one peer, and forgets those that ended`() async throws {
        var settings = ServerSettings()
        settings.connectionsPerPeer = 1
        let server = HTTPServer(
            responder: ConnectionTests.router(), errorBody: TestServer.errors, settings: settings)
        for (peer, expected) in [("10.0.0.1", 503), ("127.0.0.1", 200)] {
            let (first, firstEnd) = MemoryStream.pair(peer: peer)
            async let one: Void = server.serve(firstEnd)
            let client = TestClient(stream: first)
            try await client.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = try await client.reply()
            let (second, secondEnd) = MemoryStream.pair(peer: peer)
            let other = TestClient(stream: second)
            try await other.send("GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            await server.serve(secondEnd)
            #expect(try await other.reply().status == expected)
            first.close()
            await one
        }
        let (again, end) = MemoryStream.pair(peer: "10.0.0.1")
        let client = TestClient(stream: again)
        try await client.send("GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        await server.serve(end)
        #expect(try await client.reply().status == 200)
    }

    @Test func `records every response in metrics and log, errors too`() async throws {
        let registry = MetricsRegistry()
        let records = Mutex<[AccessRecord]>([])
        let server = HTTPServer(
            responder: ConnectionTests.router(), errorBody: TestServer.errors, metrics: HTTPMetrics(registry)
        ) { record in records.withLock { $0.append(record) } }
        let (stream, end) = MemoryStream.pair()
        try await TestClient(stream: stream).send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\nnonsense\r\n")
        await server.serve(end)
        #expect(records.withLock { $0.map(\.status) } == [200, 400])
        #expect(records.withLock { $0.map(\.handler) } == ["/hello", "none"])
        #expect(records.withLock { $0.first?.bytes } == 5)
        let page = registry.page()
        #expect(page.contains("http_requests_total{handler=\"/hello\",method=\"GET\",status=\"200\"} 1"))
        #expect(page.contains("http_requests_total{handler=\"none\",method=\"\",status=\"400\"} 1"))
        #expect(page.contains("http_connections 0.0"))
    }
}

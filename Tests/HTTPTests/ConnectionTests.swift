import HTTP
import HTTPTypes
import Synchronization
import Testing
import Transport

struct ConnectionTests {
    /// Handlers tell here that they began and how they ended.
    final class Events: Sendable {
        let stream: AsyncStream<String>
        private let continuation: AsyncStream<String>.Continuation

        init() { (stream, continuation) = AsyncStream.makeStream() }

        func tell(_ event: String) { continuation.yield(event) }

        func next() async -> String? {
            for await event in stream { return event }
            return nil
        }
    }

    static func router(_ events: Events = Events()) -> Router {
        var router = Router(errorBody: TestServer.errors)
        router.on(.get, "/hello") { _ in .init(status: .ok, contentType: "text/plain", bytes: Array("hello".utf8)) }
        router.on(.post, "/echo") { .init(status: .ok, contentType: "text/plain", bytes: $0.body) }
        router.on(.post, "/locked", admit: { _ in .init(status: .unauthorized, contentType: "a/b", bytes: [107]) }) {
            _ in
            events.tell("locked ran")
            return .init(status: .ok)
        }
        router.on(.post, "/count") { _ in
            .events { writer in
                for number in 1...3 { try await writer.event(Array("\(number)".utf8)) }
                try await writer.event(Array("[DONE]".utf8))
            }
        }
        router.on(.post, "/endless") { _ in
            .events { writer in
                events.tell("began")
                defer { events.tell("ended") }
                while true { try await writer.event(Array(repeating: 97, count: 1000)) }
            }
        }
        router.on(.get, "/wait") { _ in
            events.tell("began")
            // Ends by cancellation alone.
            for await _ in AsyncStream<Never>(unfolding: { await Self.forever() }) {}
            events.tell(Task.isCancelled ? "cancelled" : "finished")
            return .init(status: .ok, contentType: "text/plain", bytes: Array("late".utf8))
        }
        router.on(.get, "/inject") { request in
            let value = "a\r\nEvil: 1"
            return .init(status: .init(code: 200, reasonPhrase: "fine"), fields: [.contentLanguage: value])
        }
        router.on(.get, "/broken") { _ in .init(status: .ok, body: .stream { _ in throw TransportError.closed }) }
        router.on(.get, "/cut") { _ in
            .init(
                status: .ok,
                body: .stream { writer in
                    try await writer.write(Array("part".utf8))
                    throw TransportError.closed
                })
        }
        return router
    }

    private static func forever() async -> Never? {
        let never = AsyncStream<Never>.makeStream()
        for await _ in never.stream {}
        return nil
    }

    private static let get = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"

    private static func post(_ path: String, _ body: String = "", fields: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nHost: h\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test(arguments: Wire.allCases)
    func `H38 answers pipelined requests in order and keeps the connection`(_ wire: Wire) async throws {
        try await TestServer.run(wire, Self.router()) { server in
            let client = try server.connect()
            try await client.send(Self.get + Self.post("/echo", "one") + Self.post("/echo", "two"))
            #expect(try await client.reply().body == "hello")
            #expect(try await client.reply().body == "one")
            let last = try await client.reply()
            #expect(last.body == "two")
            #expect(last.field("keep-alive") == "timeout=75")
            #expect(last.field("connection") == nil)
            try await client.send(Self.get)
            #expect(try await client.reply().status == 200)
        }
    }

    @Test(arguments: Wire.allCases)
    func `H39 answers what follows a stream after the stream`(_ wire: Wire) async throws {
        try await TestServer.run(wire, Self.router()) { server in
            let client = try server.connect()
            try await client.send(Self.post("/count") + Self.get)
            let events = try await client.reply()
            #expect(events.body == "data: 1\n\ndata: 2\n\ndata: 3\n\ndata: [DONE]\n\n")
            #expect(events.field("content-type") == "text/event-stream")
            #expect(events.field("cache-control") == "no-cache")
            #expect(events.field("x-accel-buffering") == "no")
            #expect(try await client.reply().body == "hello")
        }
    }

    @Test(arguments: Wire.allCases)
    func `H40 and H41 answer once to garbage and close`(_ wire: Wire) async throws {
        try await TestServer.run(wire, Self.router()) { server in
            let client = try server.connect()
            try await client.send(Self.get + "GARBAGE\r\n\r\n" + Self.get)
            #expect(try await client.reply().status == 200)
            let error = try await client.reply()
            #expect(error.status == 400)
            #expect(error.field("connection") == "close")
            #expect(error.field("x-request-id")?.hasPrefix("req-") == true)
            #expect(try await client.rest() == "")
            let other = try server.connect()
            try await other.send("GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + Self.get)
            #expect(try await other.reply().field("connection") == "close")
            #expect(try await other.rest() == "")
        }
    }

    @Test(arguments: Wire.allCases)
    func `H34 and H35 send 100 Continue only for a body that is wanted`(_ wire: Wire) async throws {
        let events = Events()
        try await TestServer.run(wire, Self.router(events)) { server in
            let client = try server.connect()
            let expect = "Expect: 100-continue\r\n"
            try await client.send("POST /echo HTTP/1.1\r\nHost: h\r\n\(expect)Content-Length: 3\r\n\r\n")
            #expect(try await client.reply().status == 100)
            try await client.send("abc")
            #expect(try await client.reply().body == "abc")
            for (path, length, status) in [
                ("/echo", 1 << 40, 413), ("/locked", 3, 401), ("/nowhere", 3, 404), ("/hello", 3, 405),
            ] {
                let refused = try server.connect()
                try await refused.send("POST \(path) HTTP/1.1\r\nHost: h\r\n\(expect)Content-Length: \(length)\r\n\r\n")
                let reply = try await refused.reply()
                #expect(reply.status == status)
                #expect(reply.field("connection") == "close")
                #expect(try await refused.rest() == "")
            }
        }
    }

    /// What a refusal leaves unread would be taken for a request that has begun.
    @Test(arguments: Wire.allCases)
    func `a refused request without a body leaves the connection between two requests`(_ wire: Wire) async throws {
        try await TestServer.run(wire, Self.router()) { server in
            let client = try server.connect()
            try await client.send(Self.post("/locked") + "GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n" + Self.get)
            for status in [401, 404, 200] { #expect(try await client.reply().status == status) }
        }
    }

    @Test(arguments: Wire.allCases)
    func `H43 and H44 answer HEAD as GET without the body, and not where there is no GET`(_ wire: Wire) async throws {
        try await TestServer.run(wire, Self.router()) { server in
            let client = try server.connect()
            try await client.send("HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n" + Self.get)
            let head = try await client.reply(isHead: true)
            #expect(head.field("content-length") == "5")
            #expect(head.field("content-type") == "text/plain")
            #expect(try await client.reply().body == "hello")
            try await client.send("HEAD /count HTTP/1.1\r\nHost: h\r\n\r\n")
            let refused = try await client.reply(isHead: true)
            #expect(refused.status == 405)
            #expect(refused.field("allow") == "POST, OPTIONS")
        }
    }

    @Test(arguments: Wire.allCases)
    func `H45 speaks HTTP 1.0 without chunks`(_ wire: Wire) async throws {
        try await TestServer.run(wire, Self.router()) { server in
            let client = try server.connect()
            try await client.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(try await client.reply().field("connection") == "keep-alive")
            try await client.send("POST /count HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let events = try await client.reply()
            #expect(events.field("transfer-encoding") == nil)
            #expect(events.field("connection") == "close")
            #expect(events.body.hasSuffix("data: [DONE]\n\n"))
            let other = try server.connect()
            try await other.send("GET /hello HTTP/1.0\r\n\r\n")
            #expect(try await other.reply().field("connection") == "close")
            #expect(try await other.rest() == "")
        }
    }

    @Test(arguments: Wire.allCases)
    func `H47 answers a client that half-closes after a quick request`(_ wire: Wire) async throws {
        try await TestServer.run(wire, Self.router()) { server in
            let client = try server.connect()
            try await client.send(Self.get + Self.get)
            client.endWriting()
            #expect(try await client.reply().body == "hello")
            #expect(try await client.reply().body == "hello")
            #expect(try await client.rest() == "")
        }
    }

    @Test(arguments: Wire.allCases)
    func `H48 runs no handler for half a body`(_ wire: Wire) async throws {
        try await TestServer.run(wire, Self.router()) { server in
            let client = try server.connect()
            try await client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
            client.endWriting()
            #expect(try await client.reply().status == 400)
            #expect(try await client.rest() == "")
        }
    }

    @Test(arguments: Wire.allCases)
    func `H54 and H56 cancel the handler of a client that leaves`(_ wire: Wire) async throws {
        let events = Events()
        try await TestServer.run(wire, Self.router(events)) { server in
            let client = try server.connect()
            try await client.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(await events.next() == "began")
            client.stream.close()
            #expect(await events.next() == "cancelled")
            let reader = try server.connect()
            try await reader.send(Self.post("/endless"))
            #expect(await events.next() == "began")
            _ = try await reader.until("\r\n\r\n")
            reader.stream.close()
            #expect(await events.next() == "ended")
        }
    }

    @Test(arguments: Wire.allCases)
    func `H47 waits for a half-closed client when told so`(_ wire: Wire) async throws {
        let events = Events()
        var settings = ServerSettings()
        settings.halfCloseIsDeparture = false
        try await TestServer.run(wire, Self.router(events), settings: settings) { server in
            let client = try server.connect()
            try await client.send(Self.post("/endless"))
            client.endWriting()
            #expect(await events.next() == "began")
            for _ in 0..<200 { _ = try await client.until("data: ") }
            client.stream.close()
            #expect(await events.next() == "ended")
        }
    }

    @Test(arguments: Wire.allCases)
    func `H61 and H62 keep request data from making headers`(_ wire: Wire) async throws {
        try await TestServer.run(wire, Self.router()) { server in
            let client = try server.connect()
            try await client.send("GET /inject HTTP/1.1\r\nHost: h\r\nX-Request-Id: mine-1\r\n\r\n")
            let reply = try await client.reply()
            #expect(reply.field("evil") == nil)
            #expect(reply.field("x-request-id") == "mine-1")
            for bad in ["a b", "é", String(repeating: "a", count: 4096), ""] {
                try await client.send("GET /hello HTTP/1.1\r\nHost: h\r\nX-Request-Id: \(bad)\r\n\r\n")
                #expect(try await client.reply().field("x-request-id")?.hasPrefix("req-") == true)
            }
        }
    }

    @Test(arguments: Wire.allCases)
    func `cuts a body that fails, and says 500 when nothing was sent`(_ wire: Wire) async throws {
        try await TestServer.run(wire, Self.router()) { server in
            let client = try server.connect()
            try await client.send("GET /broken HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try await client.reply().status == 500)
            try await client.send("GET /cut HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try await client.rest().hasSuffix("4\r\npart\r\n"))
        }
    }

    @Test(arguments: Wire.allCases)
    func `closes after the last request that a connection may have`(_ wire: Wire) async throws {
        var settings = ServerSettings()
        settings.requestsPerConnection = 2
        try await TestServer.run(wire, Self.router(), settings: settings) { server in
            let client = try server.connect()
            try await client.send(Self.get + Self.get + Self.get)
            #expect(try await client.reply().field("connection") == nil)
            #expect(try await client.reply().field("connection") == "close")
            #expect(try await client.rest() == "")
        }
    }

    @Test func `H21, H49 and H50 answer 408 when head or body are late, and nothing when idle`() async throws {
        for (sent, status) in [
            ("GET /hel", "408"), (String(Self.post("/echo", "abc").dropLast(1)), "408"),
            ("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", "408"), ("", ""),
        ] {
            let (client, server) = MemoryStream.pair()
            let http = HTTPServer(responder: Self.router(), errorBody: TestServer.errors)
            async let serving: Void = http.serve(server)
            let test = TestClient(stream: client)
            try await test.send(String(sent))
            // The server may not wait yet: ask until it does and has taken the bytes.
            while client.hasUnreadBytes || !server.passDeadlines() { await Task.yield() }
            #expect(try await test.rest().dropFirst(9).prefix(3) == status)
            await serving
        }
    }
}

extension TestClient {
    /// Ends this side's bytes and keeps reading.
    func endWriting() {
        switch stream {
        case let stream as MemoryStream: stream.endWriting()
        case let stream as SocketStream: stream.endWriting()
        default: break
        }
    }
}

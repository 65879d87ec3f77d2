import Glibc
import HTTP
import HTTPTypes
import Transport

/// How a test reaches the server: the same test runs over both.
enum Wire: CaseIterable { case memory, loopback }

/// Runs a server around a test body, which opens connections to it.
struct TestServer: Sendable {
    let server: HTTPServer
    private let open: @Sendable () throws -> any ByteStream

    static let errors: ErrorBody = { status, reason in
        Response(status: status, contentType: "text/plain", bytes: Array(reason.utf8))
    }

    func connect() throws -> TestClient { TestClient(stream: try open()) }

    static func run(
        _ wire: Wire, _ responder: any Responder, settings: ServerSettings = ServerSettings(),
        onRequest: (@Sendable (AccessRecord) -> Void)? = nil,
        _ body: @escaping @Sendable (TestServer) async throws -> Void
    ) async throws {
        let server = HTTPServer(responder: responder, errorBody: errors, settings: settings, onRequest: onRequest)
        switch wire {
        case .loopback:
            let listener = try Listener.loopback()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.run([listener]) }
                defer { group.cancelAll() }
                try await body(TestServer(server: server) { try SocketStream.loopback(port: listener.loopbackPort) })
            }
        case .memory:
            let accepted = AsyncStream.makeStream(of: MemoryStream.self)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    await withDiscardingTaskGroup { connections in
                        for await stream in accepted.stream { connections.addTask { await server.serve(stream) } }
                    }
                }
                defer { group.cancelAll() }
                try await body(
                    TestServer(server: server) {
                        let (client, server) = MemoryStream.pair()
                        accepted.continuation.yield(server)
                        return client
                    })
            }
        }
    }
}

extension Listener {
    /// On a port that the system chooses.
    static func loopback() throws -> Listener {
        Listener(try ListeningSocket(.internet(host: "127.0.0.1", port: 0)))
    }

    var loopbackPort: UInt16 {
        if case .internet(_, let port) = endpoint { port } else { 0 }
    }
}

extension SocketStream {
    /// A client connection; connecting to a listening socket of this machine does not wait.
    static func loopback(port: UInt16) throws -> SocketStream {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw TransportError.system(call: "connect", errno: errno) }
        return SocketStream(descriptor: number, peer: "server")
    }
}

/// A client that sees bytes: it sends anything and reads one response at a time.
final class TestClient: @unchecked Sendable {
    // @unchecked: each client belongs to the one task of its test.
    let stream: any ByteStream
    private var received: [UInt8] = []

    struct Reply {
        let status: Int
        let head: String
        var body: String

        func field(_ name: String) -> String? {
            let line = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ": ") }
            return line.map { String($0.dropFirst(name.count + 2)) }
        }
    }

    enum ClientError: Error { case ended(String) }

    init(stream: any ByteStream) { self.stream = stream }

    func send(_ text: String) async throws { try await stream.write(Array(text.utf8)) }

    /// The next response. `isHead`: it has no body whatever its length says.
    func reply(isHead: Bool = false) async throws -> Reply {
        let head = try await until("\r\n\r\n")
        var reply = Reply(status: Int(head.dropFirst(9).prefix(3)) ?? 0, head: head, body: "")
        if isHead || reply.status == 100 || reply.status == 204 { return reply }
        if let length = reply.field("content-length").flatMap({ Int($0) }) {
            reply.body = try await take(length)
        } else if reply.field("transfer-encoding") == "chunked" {
            // CRLF is one Character.
            while let size = Int(try await until("\r\n").dropLast(), radix: 16) {
                reply.body += try await take(size)
                _ = try await take(2)
                if size == 0 { break }
            }
        } else {
            reply.body = try await rest()
        }
        return reply
    }

    /// All that comes until the server ends.
    func rest() async throws -> String {
        while try await more() {}
        defer { received = [] }
        return String(decoding: received, as: UTF8.self)
    }

    func until(_ mark: String) async throws -> String {
        let mark = Array(mark.utf8)
        while true {
            for end in received.indices.dropLast(mark.count - 1) where received[end...].starts(with: mark) {
                return try await take(end + mark.count)
            }
            guard try await more() else { throw ClientError.ended(String(decoding: received, as: UTF8.self)) }
        }
    }

    private func take(_ count: Int) async throws -> String {
        while received.count < count {
            guard try await more() else { throw ClientError.ended(String(decoding: received, as: UTF8.self)) }
        }
        defer { received.removeFirst(count) }
        return String(decoding: received.prefix(count), as: UTF8.self)
    }

    /// A reset after the response counts as the end, as for a client that reads what it got.
    private func more() async throws -> Bool {
        do {
            let bytes = try await stream.read(deadline: .now + .seconds(20))
            received += bytes
            return !bytes.isEmpty
        } catch TransportError.reset {
            return false
        }
    }
}

import HTTP
import HTTPTypes
import Testing
import Transport

struct RequestRowTests {
    @Test(arguments: RequestRow.all)
    func `H46 gives the table's answer, whole and cut at any byte`(_ item: RequestRow) {
        #expect(RequestRow.outcome([item.bytes]) == item.expected)
        for cut in 1..<item.bytes.count {
            #expect(RequestRow.outcome([Array(item.bytes[..<cut]), Array(item.bytes[cut...])]) == item.expected)
        }
        #expect(RequestRow.outcome(item.bytes.map { [$0] }) == item.expected)
    }

    /// Answers every request with what it understood.
    private struct Echo: Responder {
        func admit(_ head: RequestHead) async -> Response? { nil }

        func respond(to request: Request) async -> Response {
            let name = RequestRow.name(request.method, request.target)
            let body = String(decoding: request.body, as: UTF8.self)
            return Response(
                status: .ok, contentType: "text/plain", bytes: Array((name + (body.isEmpty ? "" : " ") + body).utf8))
        }
    }

    /// How a client hands its bytes to the system.
    enum Pace: CaseIterable { case whole, bytewise }

    @Test(arguments: Pace.allCases)
    func `H46 answers the same over a socket, whole and byte by byte with pauses`(_ pace: Pace) async throws {
        var settings = ServerSettings()
        settings.halfCloseIsDeparture = false
        settings.headLimit = .seconds(120)
        settings.bodyGap = .seconds(120)
        settings.bodyGrace = .seconds(120)
        settings.connectionsPerPeer = .max
        try await TestServer.run(.loopback, Echo(), settings: settings) { server in
            await withTaskGroup(of: Void.self) { group in
                for item in RequestRow.all {
                    group.addTask {
                        let answers = await Self.answers(server, item.bytes, pace)
                        let expected = item.expected.map { $0.replacing(" continue", with: "") }
                        #expect(answers == expected, "\(item.testDescription)")
                    }
                }
            }
            // Nothing that came before does harm to who comes later.
            let client = try server.connect()
            try await client.send("GET /after HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try await client.reply().body == "GET /after")
        }
    }

    /// Bodies of the answers that were good, statuses of the others, until the server closes.
    private static func answers(_ server: TestServer, _ bytes: [UInt8], _ pace: Pace) async -> [String] {
        guard let client = try? server.connect() else { return ["no connection"] }
        async let sending: Void = send(bytes, pace, client.stream)
        var answers: [String] = []
        while let reply = try? await client.reply() {
            if reply.status >= 200 { answers.append(reply.status == 200 ? reply.body : "\(reply.status)") }
        }
        await sending
        client.stream.close()
        return answers
    }

    /// Sends until the server has heard enough.
    private static func send(_ bytes: [UInt8], _ pace: Pace, _ stream: any ByteStream) async {
        let pieces = pace == .whole ? [bytes] : bytes.map { [$0] }
        for piece in pieces {
            guard (try? await stream.write(piece)) != nil else { return }
            if pace == .bytewise { try? await Task.sleep(for: .milliseconds(1)) }
        }
        (stream as? SocketStream)?.endWriting()
    }
}

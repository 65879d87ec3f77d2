import HTTP
import HTTPTypes
import Testing

struct RequestNotesTests {
    @Test(arguments: Wire.allCases)
    func `what a handler notes, also while it streams, is in the record`(wire: Wire) async throws {
        var router = Router(errorBody: TestServer.errors)
        router.on(.post, "/count") { request in
            request.notes["early"] = 1
            return .events { writer in
                try await writer.event([0x61])
                request.notes["late"] = "two"
                request.notes["early"] = nil
            }
        }
        let (records, continuation) = AsyncStream.makeStream(of: AccessRecord.self)
        try await TestServer.run(wire, router, onRequest: { continuation.yield($0) }) { server in
            let client = try server.connect()
            try await client.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
            _ = try await client.reply()
            var iterator = records.makeAsyncIterator()
            let record = try #require(await iterator.next())
            #expect(record.notes.mapValues { "\($0)" } == ["late": "two"])
            #expect(record.requestBytes == 3 && record.handler == "/count")
        }
    }

    @Test func `a Server-Timing field has names, milliseconds and counts`() {
        var timing = ServerTiming()
        timing.add("queue", .microseconds(1_234))
        timing.add("decode", .seconds(2))
        timing.add("cached", count: 64)
        var response = Response(status: .ok)
        response.set(timing)
        #expect(timing.text == #"queue;dur=1.234, decode;dur=2000.0, cached;desc="64""#)
        #expect(HTTPField.Name("Server-Timing").map { response.fields[$0] } == timing.text)
    }
}

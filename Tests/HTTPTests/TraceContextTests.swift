import HTTP
import HTTPTypes
import Synchronization
import Testing
import Transport

struct TraceContextTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let parent = "00f067aa0ba902b7"

    private static func context(_ values: String...) throws -> TraceContext? {
        let name = try #require(HTTPField.Name("traceparent"))
        var fields = HTTPFields()
        for value in values { fields.append(HTTPField(name: name, value: value)) }
        return TraceContext(fields)
    }

    @Test(arguments: ["00-\(trace)-\(parent)-01", "cc-\(trace)-\(parent)-00", "cc-\(trace)-\(parent)-01-what-comes"])
    func `takes a valid one and makes a span below it`(_ value: String) throws {
        let context = try #require(try Self.context(value))
        #expect(context.traceID == Self.trace && context.parentID == Self.parent)
        #expect(context.spanID.utf8.count == 16 && context.spanID != Self.parent)
        #expect(try Self.context(value)?.spanID != context.spanID)
    }

    @Test(arguments: [
        "", "00", "00-\(trace)-\(parent)", "00-\(trace)-\(parent)-01-more", "ff-\(trace)-\(parent)-01",
        "00-\(trace.uppercased())-\(parent)-01", "00-\(trace)-\(parent)-1", "00-\(trace)0-\(parent)-01",
        "00-00000000000000000000000000000000-\(parent)-01", "00-\(trace)-0000000000000000-01",
        "00-\(trace)-\(parent)-0g", "00_\(trace)_\(parent)_01", "cc-\(trace)-\(parent)-01.more",
    ])
    func `ignores what is none`(_ value: String) throws { #expect(try Self.context(value) == nil) }

    @Test func `ignores several`() throws {
        let value = "00-\(Self.trace)-\(Self.parent)-01"
        #expect(try Self.context(value, value) == nil)
    }

    @Test func `goes back to the client and into the log, which never has the query`() async throws {
        let records = Mutex<[AccessRecord]>([])
        let server = HTTPServer(responder: ConnectionTests.router(), errorBody: TestServer.errors) { record in
            records.withLock { $0.append(record) }
        }
        let (stream, end) = MemoryStream.pair()
        let client = TestClient(stream: stream)
        try await client.send(
            "GET /hello?key=drv-secret HTTP/1.1\r\nHost: h\r\ntraceparent: 00-\(Self.trace)-\(Self.parent)-01\r\n\r\n"
                + "GET /hello HTTP/1.1\r\nHost: h\r\ntraceparent: nonsense\r\nConnection: close\r\n\r\n")
        await server.serve(end)
        let marked = try await client.reply()
        let record = try #require(records.withLock { $0.first })
        let span = try #require(record.notes["span_id"].map { "\($0)" })
        #expect(marked.field("traceparent") == "00-\(Self.trace)-\(span)-01")
        #expect(record.notes["trace_id"].map { "\($0)" } == Self.trace)
        #expect(record.notes["parent_span_id"].map { "\($0)" } == Self.parent)
        #expect(record.target == "/hello")
        #expect(try await client.reply().field("traceparent") == nil)
    }
}

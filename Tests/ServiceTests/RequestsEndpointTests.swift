import HTTPTypes
import Engine
import JSON
import Service
import Testing

struct RequestsEndpointTests {
    private static let path = "/v1/completions"
    private static let body = #"{"prompt": "The quick", "ignore_eos": true, "temperature": 1, "max_tokens": 240"#

    private func list(_ service: TestService) async throws -> [JSONObject] {
        try await service.get("/v1/requests").json["data"]?.array?.compactMap(\.object) ?? []
    }

    /// The first on the list, once there is one.
    private func first(_ service: TestService) async throws -> JSONObject? {
        for _ in 0..<10_000 {
            if let card = try await list(service).first { return card }
            await Task.yield()
        }
        return nil
    }

    @Test func `nobody is listed who is not being answered`() async throws {
        #expect(try await TestService(isReady: false).get("/v1/requests").json["data"] == .array([]))
        let service = try TestService()
        #expect(try await service.get("/v1/requests").json["object"] == "list")
        _ = try await service.post(Self.path, Self.body + "}")
        #expect(try await list(service).isEmpty)
    }

    @Test(arguments: ["", #", "stream": true"#])
    func `a request is listed while it runs and ends when it is deleted`(stream: String) async throws {
        // Long enough to be seen and deleted.
        let service = try TestService(contextLength: 4_096)
        let body = Self.body.replacing("240", with: "4000") + #", "n": 2, "priority": 7\#(stream)}"#
        async let answer = service.post(Self.path, body)
        let card = try #require(try await first(service))
        #expect(card["object"] == "request" && card["priority"] == 7)
        #expect(card["samples"]?.array?.count == 2)
        let phase = try #require(card["phase"]?.string)
        #expect(["queued", "prefill", "decode"].contains(phase))
        let id = try #require(card["id"]?.string)
        #expect(id == "cmpl-" + (card["request_id"]?.string ?? ""))
        #expect(try await service.delete("/v1/requests/\(id)").json["deleted"] == true)
        let ended = try await answer
        let error = stream.isEmpty ? try ended.json["error"] : try ended.events.chunks.last?["error"]
        #expect(error?.object?["code"] == "request_cancelled")
        #expect(ended.head.status.code == (stream.isEmpty ? 499 : 200))
        #expect(try await list(service).isEmpty)
        #expect(try await service.delete("/v1/requests/\(id)").head.status == .notFound)
    }

    @Test func `an unknown id is not found, and named`() async throws {
        let answer = try await TestService().delete("/v1/requests/nobody")
        #expect(answer.head.status == .notFound)
        #expect(try answer.json["error"]?.object?["param"] == "id")
    }
}

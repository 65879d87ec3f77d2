import HTTPTypes
import JSON
import Testing

/// What can happen to a response between its request and its end.
struct ResponseDeskTests {
    private static let path = "/v1/responses"

    /// The events of a long answer, while something is done with its response.
    private func meanwhile(
        _ service: TestService, _ act: @escaping @Sendable (_ id: String) async throws -> Void
    ) async throws -> (id: String, last: JSONObject?) {
        let body = #"{"input": "Hi", "stream": true, "ignore_eos": true, "max_output_tokens": 3000}"#
        async let answer = service.post(Self.path, body)
        var id: String?
        while id == nil {
            id = try await service.get("/v1/requests").json["data"]?.array?.first?.object?["id"]?.string
            await Task.yield()
        }
        let found = try #require(id)
        try await act(found)
        return (found, try await answer.events.chunks.last)
    }

    @Test func `one that is deleted while it is generated stays deleted`() async throws {
        let service = try TestService(contextLength: 4_096)
        let (id, last) = try await meanwhile(service) { id in
            #expect(try await service.get("\(Self.path)/\(id)").json["status"] == "in_progress")
            let refused = try await service.post(Self.path, #"{"input": "x", "previous_response_id": "\#(id)"}"#)
            #expect(refused.head.status.code == 400)
            #expect(try await service.delete("\(Self.path)/\(id)").json["deleted"] == true)
            // It goes on, though nobody finds it, until this.
            #expect(try await service.delete("/v1/requests/\(id)").json["deleted"] == true)
        }
        #expect(last?["type"] == "response.failed")
        #expect(try await service.get("\(Self.path)/\(id)").head.status.code == 404)
    }

    @Test func `one that is cancelled is cancelled from then on`() async throws {
        let service = try TestService(contextLength: 4_096)
        let (id, last) = try await meanwhile(service) { id in
            let told = try await service.post("\(Self.path)/\(id)/cancel", "").json
            let seen = try await service.get("\(Self.path)/\(id)").json
            #expect(told["status"] == "cancelled" && seen["status"] == "cancelled")
        }
        #expect(last?["type"] == "response.failed")
        #expect(try await service.get("\(Self.path)/\(id)").json["status"] == "cancelled")
        #expect(try await service.post("\(Self.path)/\(id)/cancel", "").head.status.code == 400)
    }

    @Test func `one that could not be stored is refused before it costs anything`() async throws {
        let service = try TestService()
        let text = String(repeating: "one two ", count: 20_000)
        let input: JSONValue = [["role": "user", "content": .string(text)], ["role": "user", "content": "Hi"]]
        var body: JSONObject = ["input": input, "truncation": "auto", "max_output_tokens": 2]
        func post() async throws -> TestService.Answer {
            try await service.send(.post, Self.path, JSONValue.object(body).serialized)
        }
        #expect(try await post().json["error"]?.object?["code"] == "response_too_large")
        body["store"] = false
        let answer = try await post()
        #expect(answer.head.status == .ok)
        let id = try answer.json["id"]?.string ?? ""
        #expect(try await service.get("\(Self.path)/\(id)").head.status.code == 404)
    }
}

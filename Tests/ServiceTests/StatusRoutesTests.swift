import HTTPTypes
import JSON
import Testing

struct StatusRoutesTests {
    @Test func `lists the model and finds it by name`() async throws {
        let service = try TestService()
        let list = try await service.get("/v1/models").json
        #expect(list["data"]?.array?.first?.object?["id"] == "oracle")
        #expect(try await service.get("/v1/models/oracle").json["object"] == "model")
        #expect(try await service.get("/models").head.status == .ok)
        let missing = try await service.get("/v1/models/nope")
        #expect(missing.head.status == .notFound)
        #expect(try missing.json["error"]?.object?["code"] == "model_not_found")
    }

    @Test func `unknown paths and methods are JSON errors`() async throws {
        let service = try TestService()
        let missing = try await service.get("/v1/nothing")
        #expect(missing.head.status == .notFound)
        #expect(try missing.json["error"]?.object?["message"]?.string != nil)
        let wrong = try await service.get("/v1/chat/completions")
        #expect(wrong.head.status == .methodNotAllowed)
        #expect(wrong.head.headerFields[.allow]?.contains("POST") == true)
    }

    @Test func `the metrics page counts tokens`() async throws {
        let service = try TestService()
        _ = try await service.post("/v1/completions", #"{"prompt": [1, 2, 3], "max_tokens": 4, "ignore_eos": true}"#)
        let page = String(decoding: try await service.get("/metrics").body, as: UTF8.self)
        #expect(page.contains(#"vllm:generation_tokens_total{model_name="oracle",engine="0"} 4"#))
        #expect(page.contains(#"vllm:prompt_tokens_total{model_name="oracle",engine="0"} 3"#))
    }
}

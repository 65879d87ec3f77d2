import HTTPTypes
import JSON
import Testing

struct TokenizeEndpointTests {
    private let text = "The quick <|eot_id|> Größe 🦙"

    private func body(_ fields: JSONObject) -> String {
        String(decoding: JSONValue.object(fields).serialized, as: UTF8.self)
    }

    @Test func `text comes back from its tokens, in the words of both servers`() async throws {
        let service = try TestService()
        let llama = try await service.post("/tokenize", body(["content": .string(text)])).json
        let tokens = try #require(llama["tokens"])
        let vllm = try await service.post(
            "/tokenize", body(["prompt": .string(text), "add_special_tokens": false])
        ).json
        #expect(vllm["tokens"] == tokens)
        #expect(vllm["count"]?.integer == tokens.array.map { Int64($0.count) })
        #expect(vllm["max_model_len"] == 256)
        let back = try await service.post("/detokenize", body(["tokens": tokens])).json
        #expect(back["content"]?.string == text && back["prompt"]?.string == text)
    }

    @Test func `control tokens and the begin token are a matter of choice`() async throws {
        let service = try TestService()
        let tokens = { (fields: JSONObject) async throws in
            try await service.post("/tokenize", body(fields)).json["tokens"]?.array ?? []
        }
        let parsed = try await tokens(["content": "a<|eot_id|>"])
        let plain = try await tokens(["content": "a<|eot_id|>", "parse_special": false])
        #expect(parsed.count < plain.count)
        let begun = try await tokens(["content": "a<|eot_id|>", "add_special": true])
        #expect(begun.count == parsed.count + 1 && Array(begun.dropFirst()) == parsed)
        #expect(try await tokens(["prompt": "a<|eot_id|>"]) == begun)
    }

    @Test func `pieces are text, or bytes where they are none`() async throws {
        let service = try TestService()
        let answer = try await service.post("/tokenize", body(["content": .string(text), "with_pieces": true])).json
        var bytes: [UInt8] = []
        for token in answer["tokens"]?.array ?? [] {
            switch try #require(token.object?["piece"]) {
            case .string(let piece): bytes += Array(piece.utf8)
            case let other: bytes += (other.array ?? []).compactMap(\.integer).map(UInt8.init)
            }
        }
        #expect(bytes == Array(text.utf8))
    }

    @Test func `a conversation is what the template makes of it`() async throws {
        let service = try TestService()
        let chat: JSONObject = ["messages": [["role": "user", "content": "Hi <|eot_id|>"]]]
        let prompt = try #require(try await service.post("/apply-template", body(chat)).json["prompt"]?.string)
        #expect(prompt.hasPrefix("<|begin_of_text|>") && prompt.contains("Hi <|eot_id|>"))
        let tokens = try await service.post("/tokenize", body(chat)).json["tokens"]
        let answer = try await service.post("/v1/chat/completions", body(chat)).json
        #expect(answer["usage"]?.object?["prompt_tokens"]?.integer == tokens?.array.map { Int64($0.count) })
    }

    @Test(arguments: [
        ("/tokenize", "{}", "prompt"), ("/tokenize", #"{"content": 1}"#, "content"),
        ("/tokenize", #"{"content": "a", "what": 1}"#, "what"), ("/detokenize", "{}", "tokens"),
        ("/detokenize", #"{"tokens": [1, 999999]}"#, "tokens[1]"), ("/apply-template", "{}", "messages"),
        ("/tokenize", #"{"messages": [], "return_token_strs": true}"#, "messages"),
    ])
    func `names what is wrong`(path: String, body: String, param: String) async throws {
        let answer = try await TestService().post(path, body)
        #expect(answer.head.status == .badRequest)
        #expect(try answer.json["error"]?.object?["param"]?.string == param)
    }
}

import HTTPTypes
import JSON
import Language
import Service
import Testing

struct CompletionEndpointTests {
    private func text(_ answer: TestService.Answer) throws -> String? {
        try answer.json["choices"]?.array?.first?.object?["text"]?.string
    }

    @Test func `a prompt is the same as text and as its ids`() async throws {
        let service = try TestService()
        let settings = #""max_tokens": 24, "temperature": 1.5, "seed": 3, "ignore_eos": true"#
        let ids = try JSONValue(parsing: TestService.bytes("reference.json")).object?["cases"]?.array?.first?.object
        let prompt = String(decoding: try #require(ids?["prompt_ids"]).serialized, as: UTF8.self)
        let fromText = try await service.post("/v1/completions", #"{"prompt": "The quick brown", \#(settings)}"#)
        let fromIDs = try await service.post("/v1/completions", #"{"prompt": \#(prompt), \#(settings)}"#)
        #expect(try text(fromText)?.isEmpty == false)
        #expect(try text(fromText) == text(fromIDs))
    }

    @Test func `streams the same text with the same shape`() async throws {
        let service = try TestService()
        let settings = #""prompt": "The quick", "max_tokens": 20, "temperature": 1.5, "seed": 1, "ignore_eos": true"#
        let whole = try await service.post("/v1/completions", "{\(settings)}").json
        let (chunks, isDone) = try await service.post("/v1/completions", #"{\#(settings), "stream": true}"#).events
        #expect(isDone)
        let text = chunks.compactMap { $0["choices"]?.array?.first?.object?["text"]?.string }.joined()
        #expect(text == whole["choices"]?.array?.first?.object?["text"]?.string)
        #expect(chunks.allSatisfy { $0["object"] == "text_completion" && $0["usage"] == nil })
    }

    @Test func `the best are the likeliest of those drawn`() async throws {
        let service = try TestService()
        let settings = #""prompt": "The quick", "max_tokens": 9, "temperature": 2, "seed": 2, "ignore_eos": true"#
        let texts = { (fields: String) async throws in
            let answer = try await service.post("/v1/completions", "{\(settings), \(fields)}").json
            #expect(answer["usage"]?.object?["completion_tokens"] == 72)
            return answer["choices"]?.array?.compactMap { $0.object?["text"]?.string } ?? []
        }
        let all = try await texts(#""n": 8"#)
        let best = try await texts(#""n": 2, "best_of": 8"#)
        #expect(best.count == 2 && Set(best).isSubset(of: all))
        #expect(try await texts(#""n": 1, "best_of": 8"#) == [best[0]])
        #expect(try await texts(#""n": 7, "best_of": 8"#).starts(with: best))
    }

    @Test func `refuses more samples than the server draws`() async throws {
        let service = try TestService()
        for (fields, param) in [(#""n": 33"#, "n"), (#""n": 2, "best_of": 33"#, "best_of")] {
            let answer = try await service.post("/v1/completions", #"{"prompt": "a", \#(fields)}"#)
            #expect(answer.head.status == .badRequest)
            #expect(try answer.json["error"]?.object?["param"]?.string == param)
        }
    }

    @Test func `refuses ids outside the vocabulary and an empty prompt`() async throws {
        let service = try TestService()
        for body in [#"{"prompt": [709]}"#, #"{"prompt": [-1]}"#, #"{"prompt": []}"#] {
            #expect(try await service.post("/v1/completions", body).head.status == .badRequest)
        }
    }
}

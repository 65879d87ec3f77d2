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

    @Test func `several prompts are answered as each by itself`() async throws {
        let service = try TestService()
        let settings = #""max_tokens": 9, "temperature": 1.5, "seed": 3, "ignore_eos": true, "n": 2"#
        let texts = { (prompt: String, more: String) async throws in
            let answer = try await service.post("/v1/completions", #"{"prompt": \#(prompt), \#(settings)\#(more)}"#)
                .json
            let choices = answer["choices"]?.array ?? []
            #expect(choices.compactMap { $0.object?["index"]?.integer } == choices.indices.map(Int64.init))
            return choices.compactMap { $0.object?["text"]?.string }
        }
        let alone = try await texts(#""The quick""#, "") + texts("[65, 66]", "")
        #expect(alone.count == 4)
        #expect(try await texts(#"["The quick", [65, 66]]"#, "") == alone)
        let echoed = try await texts(#"["The quick", "A"]"#, #", "echo": true"#)
        #expect(echoed.prefix(2) == ["The quick" + alone[0], "The quick" + alone[1]])
        let stream = #"{"prompt": ["The quick", [65, 66]], \#(settings), "stream": true, "echo": true}"#
        var streamed = ["", "", "", ""]
        for chunk in try await service.post("/v1/completions", stream).events.chunks {
            let choice = try #require(chunk["choices"]?.array?.first?.object)
            streamed[Int(choice["index"]?.integer ?? 0)] += choice["text"]?.string ?? ""
        }
        #expect(streamed[0] == echoed[0] && streamed[1] == echoed[1])
        #expect(streamed[2].hasSuffix(alone[2]) && streamed[2].utf8.count > alone[2].utf8.count)
    }

    @Test func `J20 and J44 refuses ids outside the vocabulary and an empty prompt`() async throws {
        let service = try TestService()
        let many = String(repeating: #""a","#, count: 64) + #""a""#
        let tooMany = try await service.post("/v1/completions", #"{"prompt": [\#(many)], "n": 2}"#)
        #expect(try tooMany.json["error"]?.object?["param"] == "prompt")
        for body in [#"{"prompt": [709]}"#, #"{"prompt": [-1]}"#, #"{"prompt": []}"#] {
            #expect(try await service.post("/v1/completions", body).head.status == .badRequest)
        }
    }
}

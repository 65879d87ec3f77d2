import Foundation
import HTTPTypes
import JSON
import Language
import Service
import Testing

struct ScoreEndpointTests {
    private let prompt = String(repeating: "The quick brown fox jumps over the lazy dog. ", count: 6)

    private func body(_ fields: JSONObject) -> String {
        String(decoding: JSONValue.object(fields).serialized, as: UTF8.self)
    }

    /// The sum over the last tokens of a prompt that is echoed.
    @Test func `a continuation has the log-probability that it has in an echo`() async throws {
        let service = try TestService()
        let texts: [JSONValue] = [" Then it", " slept", "🦙"]
        let answer = try await service.post(
            "/v1/score", body(["prompt": .string(prompt), "continuations": .array(texts), "top_logprobs": 2])
        ).json
        let data = try #require(answer["data"]?.array)
        #expect(data.count == texts.count)
        let begun = service.model.tokenizer.encodePrompt(prompt)
        for (text, score) in zip(texts, data) {
            let tokens = service.model.tokenizer.encode(text.string ?? "")
            let ids = JSONValue.array((begun + tokens).map { .integer(Int64($0)) })
            let echoed = try await service.post(
                "/v1/completions", body(["prompt": ids, "echo": true, "logprobs": 0, "max_tokens": 0])
            ).json
            let columns = echoed["choices"]?.array?.first?.object?["logprobs"]?.object
            let own = try #require(columns?["token_logprobs"]?.array).suffix(tokens.count).compactMap(\.number)
            #expect(score.object?["logprob"]?.number == own.reduce(0, +))
            let items = score.object?["logprobs"]?.object?["content"]?.array ?? []
            #expect(items.compactMap { $0.object?["logprob"]?.number } == own)
            #expect(items.allSatisfy { $0.object?["top_logprobs"]?.array?.count == 2 })
        }
        // Four blocks of the prompt are computed by the first and found by the others.
        let usage = answer["usage"]?.object
        #expect(
            usage?["prompt_tokens_details"]?.object?["cached_tokens"]?.integer == Int64(2 * (begun.count - 1) / 64 * 64)
        )
        #expect(usage?["completion_tokens"] == 0)
    }

    @Test func `classes have probabilities that sum to one`() async throws {
        let service = try TestService()
        let fields: JSONObject = [
            "messages": [["role": "user", "content": "Good or bad?"]], "labels": ["good", "bad", "good enough"],
        ]
        let score = { (more: JSONObject) async throws in
            var fields = fields
            for member in more.members { fields[member.name] = member.value }
            return try await service.post("/v1/classify", body(fields)).json["data"]?.array?.first?.object ?? [:]
        }
        let plain = try await score([:])
        let probabilities = plain["probs"]?.array?.compactMap(\.number) ?? []
        #expect(probabilities.count == 3 && abs(probabilities.reduce(0, +) - 1) < 1e-9)
        let best = try #require(probabilities.indices.max { probabilities[$0] < probabilities[$1] })
        #expect(plain["label"] == fields["labels"]?.array?[best])
        let logprobs = plain["logprobs"]?.array?.compactMap(\.number) ?? []
        #expect(abs(exp(logprobs[1] - logprobs[0]) - probabilities[1] / probabilities[0]) < 1e-6)
        // With its end no text is the beginning of another.
        let ended = try await score(["include_end": true])["logprobs"]?.array?.compactMap(\.number) ?? []
        #expect(zip(ended, logprobs).allSatisfy { $0 < $1 } && ended.count == 3)
    }

    @Test(arguments: [
        (#"{"continuations": ["a"]}"#, "prompt"), (#"{"prompt": "a"}"#, "continuations"),
        (#"{"prompt": "a", "continuations": []}"#, "continuations"),
        (#"{"prompt": "a", "continuations": ["b", ""]}"#, "continuations[1]"),
        (#"{"prompt": "a", "continuations": ["b"], "temperature": 1}"#, "temperature"),
        (#"{"prompt": "a", "continuations": [[99999]]}"#, nil),
    ])
    func `names what is wrong`(body: String, param: String?) async throws {
        let answer = try await TestService().post("/v1/score", body)
        #expect(answer.head.status == .badRequest)
        if let param { #expect(try answer.json["error"]?.object?["param"]?.string == param) }
    }
}

import Foundation
import JSON
import Language
import Service
import Testing

/// Log-probabilities of the tokens of an answer, in both shapes.
struct LogprobsTests {
    /// The random weights would give control tokens and broken characters; some that are several tokens are of interest.
    private let settings = #""guided_regex": "[a-zéß🦙]{30}", "temperature": 1.5, "seed": 3"#
    private let chat = #""messages": [{"role": "user", "content": "Hi"}], "logprobs": true, "top_logprobs": 3"#

    private func bytes(_ item: JSONValue) -> [UInt8] {
        (item.object?["bytes"]?.array ?? []).compactMap(\.integer).map(UInt8.init)
    }

    private func firstChoice(_ answer: JSONObject) -> JSONObject? { answer["choices"]?.array?.first?.object }

    private func content(_ choice: JSONObject?) -> [JSONValue] {
        choice?["logprobs"]?.object?["content"]?.array ?? []
    }

    @Test func `the tokens of a chat answer are its text`() async throws {
        let service = try TestService()
        let answer = try await service.post("/v1/chat/completions", "{\(chat), \(settings)}").json
        let choice = firstChoice(answer)
        let items = content(choice)
        let text = choice?["message"]?.object?["content"]?.string
        #expect(String(decoding: items.flatMap(bytes), as: UTF8.self) == text)
        for item in items {
            let top = item.object?["top_logprobs"]?.array ?? []
            let logprobs = top.compactMap { $0.object?["logprob"]?.number }
            #expect(logprobs.count == 3 && logprobs == logprobs.sorted(by: >))
            #expect(logprobs.reduce(0) { $0 + exp($1) } <= 1.0001)
            let own = item.object?["logprob"]?.number ?? 1
            #expect(own <= logprobs.first ?? 0)
            if let twin = top.first(where: { $0.object?["bytes"] == item.object?["bytes"] }) {
                #expect(twin.object?["logprob"]?.number == own)
            }
        }
    }

    @Test func `a stream has the same ones, each with its text`() async throws {
        let service = try TestService()
        let whole = try await service.post("/v1/chat/completions", "{\(chat), \(settings)}").json
        let stream = try await service.post("/v1/chat/completions", "{\(chat), \(settings), \"stream\": true}")
        let choices = try stream.events.chunks.map(firstChoice)
        #expect(choices.flatMap(content) == content(firstChoice(whole)))
        var (text, covered): ([UInt8], [UInt8]) = ([], [])
        for choice in choices {
            text += Array((choice?["delta"]?.object?["content"]?.string ?? "").utf8)
            covered += content(choice).flatMap(bytes)
            #expect(covered.count <= text.count)
        }
        #expect(covered == text)
    }

    @Test func `without a number of alternatives there are none`() async throws {
        let service = try TestService()
        let body = #"{"messages": [{"role": "user", "content": "Hi"}], "logprobs": true, "max_tokens": 3}"#
        let items = content(firstChoice(try await service.post("/v1/chat/completions", body).json))
        #expect(!items.isEmpty && items.allSatisfy { $0.object?["top_logprobs"] == [] })
        let none = try await service.post("/v1/chat/completions", #"{"messages": [{"role": "user", "content": "Hi"}]}"#)
        #expect(firstChoice(try none.json)?["logprobs"] == .null)
        let bad = try await service.post(
            "/v1/chat/completions", #"{"messages": [{"role": "user", "content": "Hi"}], "top_logprobs": 2}"#)
        #expect(try bad.json["error"]?.object?["param"] == "top_logprobs")
    }

    @Test func `plain completions have columns`() async throws {
        let service = try TestService()
        let body = #"{"prompt": "The quick", "logprobs": 2, \#(settings)}"#
        let choice = firstChoice(try await service.post("/v1/completions", body).json)
        let columns = choice?["logprobs"]?.object ?? [:]
        let tokens = columns["tokens"]?.array?.compactMap(\.string) ?? []
        let logprobs = columns["token_logprobs"]?.array?.compactMap(\.number) ?? []
        #expect(tokens.count > 9 && logprobs.count == tokens.count)
        for (index, top) in (columns["top_logprobs"]?.array ?? []).enumerated() {
            let top = try #require(top.object)
            #expect((2...3).contains(top.count))
            #expect(top[tokens[index]]?.number == logprobs[index])
        }
        let text = Array((choice?["text"]?.string ?? "").unicodeScalars)
        for (token, offset) in zip(tokens, columns["text_offset"]?.array?.compactMap(\.integer) ?? [])
        where !token.hasPrefix("bytes:") {
            let scalars = Array(token.unicodeScalars)
            #expect(Array(text[Int(offset)...].prefix(scalars.count)) == scalars)
        }
    }

    /// The text is cut before the stop string, and so are the tokens.
    @Test func `tokens of a stop string are left out`() async throws {
        let service = try TestService()
        let whole = firstChoice(try await service.post("/v1/chat/completions", "{\(chat), \(settings)}").json)
        let items = content(whole)
        let stop = try #require(
            items.dropFirst(8).lazy.compactMap { $0.object?["token"]?.string }.first { !$0.isEmpty })
        let body: JSONObject = ["stop": .string(stop)]
        let fields = String(decoding: JSONValue.object(body).serialized, as: UTF8.self).dropFirst()
        let cut = firstChoice(try await service.post("/v1/chat/completions", "{\(chat), \(settings), \(fields)").json)
        let text = try #require(cut?["message"]?.object?["content"]?.string)
        #expect(!text.isEmpty && content(cut) == Array(items.prefix(content(cut).count)))
        #expect(content(cut).dropLast().flatMap(bytes).count < text.utf8.count)
        #expect(content(cut).flatMap(bytes).count >= text.utf8.count)
    }
}

extension LogprobsTests {
    private func columns(_ choice: JSONValue?) -> JSONObject { choice?.object?["logprobs"]?.object ?? [:] }

    private func prompt(_ ids: ArraySlice<JSONValue>) -> String {
        String(decoding: JSONValue.array(Array(ids)).serialized, as: UTF8.self)
    }

    /// A token that a bias forces has the log-probability that it has as a part of the prompt.
    @Test func `a prompt is scored as the tokens of an answer are`() async throws {
        let service = try TestService()
        let text = String(repeating: "The quick brown fox jumps over the lazy dog. Größe 🦙! ", count: 8)
        let ids = service.model.tokenizer.encode(text).prefix(150).map { JSONValue.integer(Int64($0)) }
        try #require(ids.count == 150)
        let body = #"{"prompt": \#(prompt(ids[...])), "logprobs": 1, "echo": true, "max_tokens": 0}"#
        let answer = try await service.post("/v1/completions", body).json
        let choice = answer["choices"]?.array?.first
        #expect(choice?.object?["finish_reason"] == "length" && answer["usage"]?.object?["completion_tokens"] == 0)
        let scores = try #require(columns(choice)["token_logprobs"]?.array)
        #expect(scores.count == ids.count && scores[0] == .null)
        for position in [1, 2, 63, 64, 65, 127, 128, 149] {
            let bias = #""logit_bias": {"\#(ids[position].integer ?? 0)": 100}"#
            let forced = try await service.post(
                "/v1/completions",
                #"{"prompt": \#(prompt(ids[..<position])), "logprobs": 1, "max_tokens": 1, "ignore_eos": true, \#(bias)}"#
            )
            #expect(columns(try forced.json["choices"]?.array?.first)["token_logprobs"] == [scores[position]])
        }
        // What is known of the prompt by now makes no difference.
        #expect(try await service.post("/v1/completions", body).json["choices"] == answer["choices"])
    }

    @Test(arguments: [#""The quick 🦙""#, "[65, 66, 67]"]) func `offsets go on behind an echo`(prompt: String)
        async throws
    {
        let service = try TestService()
        let body = #"{"prompt": \#(prompt), "logprobs": 2, "echo": true, \#(settings)"#
        let choice = try await service.post("/v1/completions", body + "}").json["choices"]?.array?.first
        let text = Array((choice?.object?["text"]?.string ?? "").unicodeScalars)
        let tokens = columns(choice)["tokens"]?.array?.compactMap(\.string) ?? []
        let offsets = columns(choice)["text_offset"]?.array?.compactMap(\.integer) ?? []
        #expect(tokens.count == offsets.count && offsets.first == 0 && offsets == offsets.sorted())
        for (token, offset) in zip(tokens, offsets) where !token.hasPrefix("bytes:") {
            let scalars = Array(token.unicodeScalars)
            #expect(Array(text[Int(offset)...].prefix(scalars.count)) == scalars)
        }
        let chunks = try await service.post("/v1/completions", body + #", "stream": true}"#).events.chunks
        let choices = chunks.compactMap { $0["choices"]?.array?.first }
        #expect(choices.map { $0.object?["text"]?.string ?? "" }.joined() == String(String.UnicodeScalarView(text)))
        for name in ["tokens", "token_logprobs", "top_logprobs", "text_offset"] {
            #expect(choices.flatMap { columns($0)[name]?.array ?? [] } == columns(choice)[name]?.array)
        }
    }
}

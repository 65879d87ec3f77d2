import Foundation
import JSON
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

import Foundation
import HTTPTypes
import JSON
import Language
import Model
import Service
import Testing

struct EmbeddingEndpointTests {
    private func body(_ fields: JSONObject) -> String {
        String(decoding: JSONValue.object(fields).serialized, as: UTF8.self)
    }

    private func vectors(_ answer: TestService.Answer) throws -> [[Float]] {
        try (answer.json["data"]?.array ?? []).map { item in
            (item.object?["embedding"]?.array ?? []).compactMap { $0.number.map(Float.init) }
        }
    }

    /// By a model of its own, row for row, without engine, blocks of others, or batches.
    private func naive(_ tokens: [Int32], mean: Bool) throws -> [Float] {
        let model = try LlamaModel(
            checkpoint: Checkpoint(path: TestService.fixture.path),
            settings: RuntimeSettings(
                kernels: "reference", threads: 1, cacheBytes: 1 << 24, contextLength: 256,
                capacity: BatchCapacity(rows: 1, runs: 1, logitRows: 1)))
        var states: [[Double]] = []
        for (position, token) in tokens.enumerated() {
            var batch = Batch(capacity: model.capacity)
            batch.append([token], at: position, blocks: [0, 1, 2, 3], logits: 1)
            _ = model.forward(batch)
            states.append(model.hiddenState(0).map(Double.init))
        }
        let last = states[states.count - 1]
        let sums = last.indices.map { column in states.reduce(0) { $0 + $1[column] } / Double(states.count) }
        let vector = mean ? sums : last
        let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return vector.map { Float($0 / length) }
    }

    private static let text = String(repeating: "The quick brown fox jumps over the lazy dog. ", count: 4)

    @Test(arguments: ["mean", "last"])
    func `a vector is what a model gives that does nothing else`(pooling: String) async throws {
        let service = try TestService()
        let answer = try await service.post(
            "/v1/embeddings", body(["input": .string(Self.text), "pooling": .string(pooling)]))
        let expected = try naive(service.model.tokenizer.encodePrompt(Self.text), mean: pooling == "mean")
        let found = try #require(try vectors(answer).first)
        #expect(found.count == expected.count)
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    @Test(arguments: ["mean", "last"])
    func `a vector is the same to the bit alone and beside others`(pooling: String) async throws {
        let service = try TestService()
        let texts = [Self.text, "a", Self.text + "b", "Another one.", Self.text]
        let fields: JSONObject = ["pooling": .string(pooling)]
        var alone: [[Float]] = []
        for text in texts {
            var fields = fields
            fields["input"] = .string(text)
            alone += try vectors(try await TestService().post("/v1/embeddings", body(fields)))
        }
        var all = fields
        all["input"] = .array(texts.map(JSONValue.string))
        async let chat = service.post("/v1/completions", body(["prompt": .string(Self.text), "max_tokens": 20]))
        let together = try vectors(try await service.post("/v1/embeddings", body(all)))
        _ = try await chat
        #expect(together == alone)
    }

    @Test func `34: base64 is of the same numbers, little-endian`() async throws {
        let service = try TestService()
        let plain = try vectors(try await service.post("/v1/embeddings", body(["input": "one"])))
        let encoded = try await service.post("/v1/embeddings", body(["input": "one", "encoding_format": "base64"]))
        let text = try #require(encoded.json["data"]?.array?.first?.object?["embedding"]?.string)
        let bytes = [UInt8](try #require(Data(base64Encoded: text)))
        let numbers = stride(from: 0, to: bytes.count, by: 4).map { start in
            Float(bitPattern: bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
        }
        #expect(numbers == plain[0])
    }

    @Test func `fewer dimensions are the first ones, of length 1 again`() async throws {
        let service = try TestService()
        let whole = try #require(try vectors(try await service.post("/v1/embeddings", body(["input": "one"]))).first)
        let cut = try #require(
            try vectors(try await service.post("/v1/embeddings", body(["input": "one", "dimensions": 4]))).first)
        #expect(abs(cut.reduce(0) { $0 + $1 * $1 } - 1) < 1e-6 && cut.count == 4)
        #expect(abs(cut[0] / cut[1] - whole[0] / whole[1]) < 1e-4)
    }

    @Test func `text, ids and arrays of either give the same, and usage counts all`() async throws {
        let service = try TestService()
        let ids = JSONValue.array(service.model.tokenizer.encodePrompt("one two").map { .integer(Int64($0)) })
        var found: [[Float]] = []
        for input: JSONValue in ["one two", ids, ["one two"], [ids]] {
            found += try vectors(try await service.post("/v1/embeddings", body(["input": input])))
        }
        #expect(found.count == 4 && Set(found).count == 1)
        let many = try await service.post("/v1/embeddings", body(["input": .array(Array(repeating: ids, count: 70))]))
        #expect(try vectors(many).count == 70)
        let tokens = Int64(70 * (ids.array?.count ?? 0))
        #expect(try many.json["usage"]?.object?["total_tokens"]?.integer == tokens)
    }

    @Test(arguments: [
        (#"{}"#, "input"), (#"{"input": ""}"#, "input"), (#"{"input": []}"#, "input"),
        (#"{"input": ["a", ""]}"#, "input[1]"), (#"{"input": "a", "dimensions": 100000}"#, "dimensions"),
        (#"{"input": "a", "dimensions": 0}"#, "dimensions"), (#"{"input": "a", "pooling": "cls"}"#, "pooling"),
        (#"{"input": "a", "encoding_format": "hex"}"#, "encoding_format"), (#"{"input": [[99999]]}"#, "input"),
        (#"{"input": "a", "temperature": 1}"#, "temperature"),
    ])
    func `J52 names what is wrong`(body: String, param: String) async throws {
        let answer = try await TestService().post("/v1/embeddings", body)
        #expect(answer.head.status == .badRequest)
        #expect(try answer.json["error"]?.object?["param"]?.string == param)
    }

    @Test func `37: a text that is too long says so`() async throws {
        let text = String(repeating: "one two three ", count: 200)
        let answer = try await TestService().post("/v1/embeddings", body(["input": ["a", .string(text)]]))
        let error = try answer.json["error"]?.object
        #expect(answer.head.status == .badRequest && error?["code"] == "context_length_exceeded")
        #expect(error?["param"] == "input[1]" && error?["n_ctx"] == 256)
    }
}

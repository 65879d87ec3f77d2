import Engine
import Model
import Telemetry
import Testing

struct SampleRecordTests {
    private let metrics = MetricsRegistry()

    private func make(_ model: sending ScriptedModel) -> InferenceEngine {
        let engine = InferenceEngine(model: model, metrics: metrics, modelName: "scripted")
        engine.start()
        return engine
    }

    /// Reads the streams to their ends, all at the same time.
    private static func read(_ streams: [TokenStream]) async -> [SampleRecord] {
        await withDiscardingTaskGroup { group in
            for stream in streams { group.addTask { for await _ in stream {} } }
        }
        return streams.map(\.record)
    }

    private func value(of name: String) -> Int? {
        let line = metrics.page().split(separator: "\n").first { $0.hasPrefix(name + "{") || $0.hasPrefix(name + " ") }
        return line?.split(separator: " ").last.flatMap { Int($0) }
    }

    @Test func `tells what a request has cost`() async throws {
        let engine = make(ScriptedModel())
        let request = GenerationRequest(prompt: Array(repeating: 7, count: 130), maxTokens: 9)
        let stream = try engine.submitOne(request)
        #expect(stream.record.admitted == nil && stream.record.promptTokens == 130)
        let record = await Self.read([stream])[0]
        #expect(record.outputTokens == 9 && record.finish == .length && record.cachedTokens == 0)
        #expect(record.preemptions == 0)
        let lastToken = try #require(record.lastToken)
        #expect(record.queueTime + record.prefillTime + record.decodeTime == lastToken - record.submitted)
        let again = await Self.read([try engine.submitOne(request)])[0]
        #expect(again.cachedTokens == 128)
        await engine.stop()
    }

    @Test func `counts the guesses`() async throws {
        let engine = make(ScriptedModel(memory: 2))
        let record = await Self.read([try engine.submitOne(GenerationRequest(prompt: [1, 2, 3], maxTokens: 400))])[0]
        #expect(record.acceptedTokens > 0 && record.acceptedTokens <= record.draftTokens)
        for peer in ["vllm", "llamacpp"] {
            #expect(value(of: "\(peer):spec_decode_num_draft_tokens_total") == record.draftTokens)
            #expect(value(of: "\(peer):spec_decode_num_accepted_tokens_total") == record.acceptedTokens)
            #expect(
                value(of: "\(peer):spec_decode_num_drafts_total").map { $0 > 0 && $0 <= record.draftTokens } == true)
        }
        let positions = metrics.page().split(separator: "\n")
            .filter { $0.hasPrefix("llamacpp:spec_decode_num_accepted_tokens_per_pos_total{") }
            .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
        #expect(positions.reduce(0, +) == record.acceptedTokens)
        #expect(positions == positions.sorted(by: >))
        await engine.stop()
    }

    @Test func `counts the preemptions`() async throws {
        let engine = make(ScriptedModel(blocks: 9))
        let requests = (0..<6).map { GenerationRequest(prompt: [Int32($0), 9], maxTokens: 250) }
        let records = await Self.read(try requests.map { try engine.submitOne($0) })
        let preemptions = records.reduce(0) { $0 + $1.preemptions }
        #expect(preemptions > 0 && value(of: "vllm:num_preemptions_total") == preemptions)
        #expect(records.allSatisfy { $0.outputTokens == 250 })
        await engine.stop()
    }

    @Test func `a request that never started has spent its time in the queue`() async throws {
        let engine = make(ScriptedModel())
        let record = await Self.read([try engine.submitOne(GenerationRequest(prompt: [1], deadline: .now))])[0]
        #expect(record.finish == .deadline && record.admitted == nil)
        #expect(record.queueTime == record.time - record.submitted && record.prefillTime == .zero)
        await engine.stop()
    }
}

import Engine
import Model
import Telemetry
import Testing

/// A draft model changes how long a text takes, never the text.
struct DraftModelTests {
    enum Mind: CaseIterable {
        case alwaysRight, alwaysWrong, forgetful

        func model(contextLength: Int = 1024, blocks: Int = 256, gate: StepGate? = nil) -> ScriptedModel {
            let capacity = BatchCapacity(rows: 48, runs: 16, logitRows: 16)
            return ScriptedModel(
                contextLength: contextLength, blocks: blocks, capacity: capacity, gate: gate,
                memory: self == .forgetful ? 1 : .max, shift: self == .alwaysWrong ? 1 : 0)
        }
    }

    private let metrics = MetricsRegistry()

    /// Texts and records of all samples of the requests, served at the same time.
    private func read(
        _ requests: [GenerationRequest], from engine: InferenceEngine
    ) async throws -> (texts: [[Int32]], records: [SampleRecord]) {
        engine.start()
        let streams = try requests.flatMap { try engine.submit($0) }
        let texts = await withTaskGroup { group in
            for (number, stream) in streams.enumerated() {
                group.addTask {
                    var text: [Int32] = []
                    for await case .token(let token) in stream { text.append(token.id) }
                    return (number, text)
                }
            }
            return await group.reduce(into: Array(repeating: [Int32](), count: streams.count)) { $0[$1.0] = $1.1 }
        }
        await engine.stop()
        return (texts, streams.map(\.record))
    }

    private func engine(
        _ model: sending ScriptedModel, draft: sending ScriptedModel?, speculates: Bool = true,
        draftLimit: Int = 4
    ) -> InferenceEngine {
        InferenceEngine(
            model: model, draftModel: draft,
            settings: EngineSettings(speculates: speculates, draftLimit: draftLimit), metrics: metrics,
            modelName: "scripted")
    }

    private func value(of name: String, _ label: String = "") -> Int? {
        let line = metrics.page().split(separator: "\n").first { $0.hasPrefix(name) && $0.contains(label) }
        return line?.split(separator: " ").last.flatMap { Int($0) }
    }

    /// Greedy and drawn, with penalties and without, alone and several samples of one prompt.
    private static func mixture(_ count: Int) -> [GenerationRequest] {
        var random = SeededRandom(seed: 11)
        return (0..<count).map { index in
            let prompt = (0..<Int.random(in: 1...200, using: &random))
                .map { _ in Int32.random(in: 0..<64, using: &random) }
            let sampling = SamplingParameters(
                temperature: index % 3 == 0 ? 0 : 0.7, topP: index % 2 == 0 ? 1 : 0.9,
                repetitionPenalty: index % 5 == 4 ? 1.2 : 1, seed: UInt64(index))
            return GenerationRequest(
                prompt: prompt, sampling: sampling, samples: 1 + index % 3, maxTokens: 20 + index * 7,
                stopTokens: index % 2 == 0 ? [5] : [], topLogprobs: index % 4 == 0 ? 2 : nil)
        }
    }

    @Test(arguments: Mind.allCases, [(256, 256), (8, 256), (256, 5), (8, 5)])
    func `the texts are those without`(mind: Mind, blocks: (target: Int, draft: Int)) async throws {
        let requests = Self.mixture(9)
        let plain = try await read(requests, from: engine(ScriptedModel(), draft: nil, speculates: false))
        let model = ScriptedModel(blocks: blocks.target)
        let drafted = try await read(requests, from: engine(model, draft: mind.model(blocks: blocks.draft)))
        #expect(drafted.texts == plain.texts)
        #expect(value(of: "drover_kv_integrity_failures_total") == 0)
    }

    @Test(arguments: [SamplingParameters.greedy, SamplingParameters(temperature: 1, topP: 0.9, seed: 3)])
    func `the same model as its own draft is always right`(sampling: SamplingParameters) async throws {
        let request = GenerationRequest(prompt: Array(0..<60), sampling: sampling, maxTokens: 301)
        let engine = engine(ScriptedModel(), draft: Mind.alwaysRight.model())
        let record = try await read([request], from: engine).records[0]
        let (drafted, right) = ("drover_draft_tokens_total", "drover_draft_tokens_accepted_total")
        #expect(value(of: drafted, "draft_model").map { $0 > 150 } == true)
        #expect(value(of: drafted, "draft_model") == value(of: right, "draft_model"))
        let both = ["draft_model", "ngram"].compactMap { value(of: drafted, $0) }.reduce(0, +)
        #expect(both == record.draftTokens && both == value(of: "vllm:spec_decode_num_draft_tokens_total"))
    }

    @Test func `one that is always wrong is asked less and less`() async throws {
        let request = GenerationRequest(prompt: [1, 2, 3], maxTokens: 301)
        let engine = engine(ScriptedModel(), draft: Mind.alwaysWrong.model())
        let result = try await read([request], from: engine)
        #expect(result.texts == [ScriptedModel.text(after: [1, 2, 3], count: 301)])
        let drafts = try #require(value(of: "vllm:spec_decode_num_drafts_total"))
        #expect((10...40).contains(drafts), "\(drafts)")
        #expect(value(of: "drover_draft_tokens_accepted_total", "draft_model") == 0)
    }

    @Test func `guesses no more at a time than it may`() async throws {
        let request = GenerationRequest(prompt: [1, 2, 3], maxTokens: 200)
        _ = try await read([request], from: engine(ScriptedModel(), draft: Mind.alwaysRight.model(), draftLimit: 2))
        let accepted = { (place: Int) in
            value(of: "vllm:spec_decode_num_accepted_tokens_per_pos_total", "position=\"\(place)\"")
        }
        #expect(accepted(1).map { $0 > 40 } == true && accepted(2) == 0)
    }

    /// 2 ms a row: nine of them in what a step of 1 ms leaves of 20 ms, after a first step by which that is known.
    @Test func `reads a long text in steps that fit the time there is`() {
        let (model, slow) = (ScriptedModel(), SlowModel(Mind.alwaysRight.model(), perRow: .milliseconds(2)))
        let drafter = Drafter(model: slow, now: { slow.now })
        var scheduler = Scheduler(
            blocks: model.blockCount, capacity: model.capacity, contextLength: model.contextLength,
            stepTarget: .milliseconds(20), speculates: true, draftLimit: 4)
        let request = GenerationRequest(prompt: (0..<250).map { $0 % 64 }, maxTokens: 150)
        scheduler.accept(request, id: RequestID(0))
        var batch = Batch(capacity: model.capacity)
        var (text, accepted): ([Int32], Int) = ([], 0)
        while var plan = scheduler.plan() {
            drafter.guess(&plan, for: scheduler.running) { row, _, _ in .given(Self.likeliest(row), row) }
            scheduler.fill(&batch, for: plan)
            let logits = model.forward(batch)
            let outcomes = (0..<logits.rowCount).map { RowOutcome.token(SampledToken(id: Self.likeliest(logits[$0]))) }
            for event in scheduler.commit(plan, outcomes) {
                if case .token(let token) = event.event { text.append(token.id) }
            }
            accepted += scheduler.drafts.filter { $0.source == .model }.reduce(0) { $0 + $1.accepted }
            scheduler.observe(plan, took: .milliseconds(1))
        }
        #expect(text == ScriptedModel.text(after: request.prompt, count: 150))
        #expect(slow.rows.first == 48 && slow.rows.dropFirst().allSatisfy { $0 <= 9 }, "\(slow.rows)")
        #expect(accepted > 0)
    }

    private static func likeliest(_ row: LogitsRow) -> Int32 {
        ScriptedModel.token(0, of: (0..<row.count).map { row.values[$0] })
    }

    @Test func `a text beyond its context goes on without it`() async throws {
        let request = GenerationRequest(prompt: Array(repeating: 3, count: 90), maxTokens: 300)
        let engine = engine(ScriptedModel(), draft: Mind.alwaysRight.model(contextLength: 128))
        let result = try await read([request], from: engine)
        #expect(result.texts == [ScriptedModel.text(after: request.prompt, count: 300)])
        #expect(value(of: "drover_draft_tokens_total", "draft_model").map { (20...40).contains($0) } == true)
    }
}

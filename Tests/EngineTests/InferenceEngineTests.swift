import Engine
import Model
import Telemetry
import Testing

struct InferenceEngineTests {
    private struct Answer: Equatable {
        var text: [Int32] = []
        var finish: FinishReason?
    }

    private static func make(
        _ model: sending ScriptedModel = ScriptedModel(), settings: EngineSettings = EngineSettings(),
        metrics: MetricsRegistry = MetricsRegistry()
    ) -> InferenceEngine {
        InferenceEngine(model: model, settings: settings, metrics: metrics, modelName: "scripted")
    }

    private static func read(_ stream: TokenStream) async -> Answer {
        var answer = Answer()
        for await event in stream {
            switch event {
            case .prefill, .scored, .vector: break
            case .token(let token): answer.text.append(token.id)
            case .finished(let reason): answer.finish = reason
            }
        }
        return answer
    }

    /// Requests of all kinds: lengths, seeds, temperatures, penalties, stop tokens.
    private static func mixture(_ count: Int) -> [GenerationRequest] {
        var random = SeededRandom(seed: 3)
        return (0..<count).map { index in
            let prompt = (0..<Int.random(in: 1...150, using: &random))
                .map { _ in Int32.random(in: 0..<64, using: &random) }
            let sampling = SamplingParameters(
                temperature: index % 3 == 0 ? 0 : 1, topK: index % 4 * 10, topP: index % 2 == 0 ? 1 : 0.9,
                repetitionPenalty: index % 5 == 0 ? 1.2 : 1, presencePenalty: index % 7 == 0 ? 0.5 : 0,
                seed: UInt64(index))
            return GenerationRequest(
                prompt: prompt, sampling: sampling, maxTokens: 20 + index * 3, stopTokens: index % 2 == 0 ? [5] : [])
        }
    }

    /// Submits all at once and reads all at the same time.
    private static func readAll(
        _ requests: [GenerationRequest], from engine: InferenceEngine
    ) async throws -> [Answer] {
        let streams = try requests.flatMap { try engine.submit($0) }
        return await withTaskGroup { group in
            for (index, stream) in streams.enumerated() { group.addTask { (index, await read(stream)) } }
            var answers = Array(repeating: Answer(), count: streams.count)
            for await (index, answer) in group { answers[index] = answer }
            return answers
        }
    }

    // MARK: Texts

    @Test func `recites what the model knows`() async throws {
        let engine = Self.make()
        engine.start()
        let stream = try engine.submitOne(GenerationRequest(prompt: [1, 2, 3], sampling: .greedy, maxTokens: 200))
        let answer = await Self.read(stream)
        #expect(answer == Answer(text: ScriptedModel.text(after: [1, 2, 3], count: 200), finish: .length))
        await engine.stop()
    }

    @Test(arguments: [256, 9]) func `gives 32 clients at once the texts that each gets alone`(blocks: Int) async throws
    {
        let requests = Self.mixture(32)
        let alone = Self.make()
        alone.start()
        var expected: [Answer] = []
        for request in requests { expected.append(await Self.read(try alone.submitOne(request))) }
        await alone.stop()

        let metrics = MetricsRegistry()
        let team = try ThreadTeam(workers: 3)
        let engine = Self.make(ScriptedModel(blocks: blocks, team: team), metrics: metrics)
        // Before the start, so that all of them wait when the first step is planned.
        async let answers = Self.readAll(requests, from: engine)
        engine.start()
        #expect(try await answers == expected)
        #expect(engine.status.freeBlocks == blocks && engine.status.running == 0)
        await engine.stop()
        let preemptions = Self.value(of: "vllm:num_preemptions_total", in: metrics)
        #expect(blocks == 256 ? preemptions == 0 : preemptions > 0)
        #expect(Self.value(of: "drover_kv_integrity_failures_total", in: metrics) == 0)
    }

    /// Sample 0 is the answer alone; the others are those of any other request for as many samples or more, whatever the
    /// pool, the chunks, the neighbours or the cache are.
    @Test(arguments: [(256, 128, true), (256, 67, false), (9, 128, true), (9, 71, false)])
    func `every sample has the text it has elsewhere`(blocks: Int, rows: Int, shares: Bool) async throws {
        let requests = Self.mixture(8)
        let alone = Self.make()
        alone.start()
        var expected: [[Answer]] = []
        for request in requests {
            var answers = try await Self.readAll([Self.sampled(request, 9)], from: alone)
            #expect(await Self.read(try alone.submitOne(request)) == answers[0])
            #expect(request.sampling.temperature == 0 || answers[1] != answers[0])
            answers.removeLast(4)
            expected.append(answers)
        }
        await alone.stop()

        let metrics = MetricsRegistry()
        let capacity = BatchCapacity(rows: rows, runs: 64, logitRows: 64)
        let engine = Self.make(
            ScriptedModel(blocks: blocks, capacity: capacity), settings: EngineSettings(sharesPrefixes: shares),
            metrics: metrics)
        async let answers = Self.readAll(requests.map { Self.sampled($0, 5) }, from: engine)
        engine.start()
        #expect(try await answers == expected.flatMap(\.self))
        #expect(engine.status.freeBlocks == blocks)
        await engine.stop()
        #expect(blocks == 256 || Self.value(of: "vllm:num_preemptions_total", in: metrics) > 0)
        #expect(Self.value(of: "drover_kv_integrity_failures_total", in: metrics) == 0)
    }

    private static func sampled(_ request: GenerationRequest, _ samples: Int) -> GenerationRequest {
        GenerationRequest(
            prompt: request.prompt, sampling: request.sampling, samples: samples, maxTokens: request.maxTokens,
            stopTokens: request.stopTokens)
    }

    @Test(arguments: AdmissionPolicy.allCases)
    func `a pool for one request and a half serves 16 clients`(admission: AdmissionPolicy) async throws {
        let metrics = MetricsRegistry()
        let engine = Self.make(
            ScriptedModel(blocks: 3), settings: EngineSettings(admission: admission), metrics: metrics)
        let requests = (0..<16).map { GenerationRequest(prompt: [$0, $0, 1], maxTokens: 120) }
        async let answers = Self.readAll(requests, from: engine)
        engine.start()
        let texts = try await answers.map(\.text)
        #expect(texts == requests.map { ScriptedModel.text(after: $0.prompt, count: 120) })
        await engine.stop()
        let preemptions = Self.value(of: "vllm:num_preemptions_total", in: metrics)
        #expect(admission == .reservation ? preemptions == 0 : preemptions > 0)
    }

    @Test func `tells prefill progress, then tokens, then the end, and nothing after`() async throws {
        let model = ScriptedModel(capacity: BatchCapacity(rows: 40, runs: 4, logitRows: 4))
        let engine = Self.make(model)
        engine.start()
        let prompt = Array(repeating: Int32(9), count: 100)
        var events: [TokenEvent] = []
        for await event in try engine.submitOne(GenerationRequest(prompt: prompt, maxTokens: 3, topLogprobs: 0)) {
            events.append(event)
        }
        #expect(
            events.prefix(3) == [
                .prefill(computed: 40, total: 100, cached: 0), .prefill(computed: 80, total: 100, cached: 0),
                .prefill(computed: 100, total: 100, cached: 0),
            ])
        #expect(events.dropFirst(3).count == 4)
        #expect(events.last == .finished(.length))
        await engine.stop()
    }

    @Test func `ends the request with broken logits and no other`() async throws {
        let engine = Self.make(ScriptedModel(poison: 63))
        let broken = try engine.submitOne(GenerationRequest(prompt: [1, 63], maxTokens: 5))
        let healthy = try engine.submitOne(GenerationRequest(prompt: [1, 2], maxTokens: 5, stopTokens: [63]))
        engine.start()
        #expect(await Self.read(broken) == Answer(text: [], finish: .numericalError))
        let expected = ScriptedModel.text(after: [1, 2], count: 5)
        #expect(await Self.read(healthy) == Answer(text: expected, finish: .length))
        await engine.stop()
    }

    // MARK: Leaving

    @Test func `frees the blocks of a cancelled request within one step`() async throws {
        let gate = StepGate()
        let engine = Self.make(ScriptedModel(gate: gate))
        engine.start()
        let stream = try engine.submitOne(GenerationRequest(prompt: [1, 2, 3], maxTokens: 500))
        gate.allow(1)
        var events = stream.makeAsyncIterator()
        _ = await events.next()
        // The engine is in its second step, or on the way there.
        stream.cancel()
        gate.allow(1)
        var last: TokenEvent?
        while let event = await events.next() { last = event }
        #expect(last == .finished(.cancelled))
        #expect(gate.steps <= 2)
        #expect(engine.status.freeBlocks == engine.status.totalBlocks)
        gate.open()
        await engine.stop()
    }

    @Test func `says who is there, and ends one for another's sake`() async throws {
        let gate = StepGate()
        let engine = Self.make(ScriptedModel(gate: gate))
        engine.start()
        let streams = try engine.submit(GenerationRequest(prompt: [1], samples: 2, maxTokens: 1_000))
        let progress = await Self.progress(of: engine, through: gate)
        #expect(progress.map(\.id) == streams.map(\.id))
        streams[1].cancel(because: .withdrawn)
        gate.open()
        #expect(await Self.read(streams[1]).finish == .withdrawn)
        #expect(await Self.read(streams[0]).finish == .length)
        await engine.stop()
        #expect(await engine.progress().isEmpty)
    }

    /// Lets steps through until the engine has answered, which it does between two of them.
    private static func progress(of engine: InferenceEngine, through gate: StepGate) async -> [RequestProgress] {
        await withTaskGroup(of: [RequestProgress]?.self) { group in
            group.addTask { await engine.progress() }
            group.addTask {
                while !Task.isCancelled {
                    gate.allow(1)
                    await Task.yield()
                }
                return nil
            }
            defer { group.cancelAll() }
            return await group.next()?.flatMap(\.self) ?? []
        }
    }

    @Test func `cancels a request whose stream is dropped`() async throws {
        let metrics = MetricsRegistry()
        let engine = Self.make(metrics: metrics)
        _ = try engine.submitOne(GenerationRequest(prompt: [1], maxTokens: 1_000))
        await engine.drain(until: .now + .seconds(600))
        #expect(Self.value(of: "vllm:request_success_total", with: "abort", in: metrics) == 1)
        #expect(engine.status.freeBlocks == engine.status.totalBlocks)
        await engine.stop()
    }

    @Test func `cancels a request whose reader is cancelled`() async throws {
        let gate = StepGate()
        let metrics = MetricsRegistry()
        let engine = Self.make(ScriptedModel(gate: gate), metrics: metrics)
        engine.start()
        let stream = try engine.submitOne(GenerationRequest(prompt: [1], maxTokens: 1_000))
        let reader = Task { await Self.read(stream) }
        reader.cancel()
        #expect(await reader.value.finish == nil)
        gate.open()
        await engine.drain(until: .now + .seconds(600))
        #expect(Self.value(of: "vllm:request_success_total", with: "abort", in: metrics) == 1)
        withExtendedLifetime(stream) {}
        await engine.stop()
    }

    @Test func `cancels a request that is not read and goes on with the others`() async throws {
        let engine = Self.make(settings: EngineSettings(undeliveredLimit: 250))
        let lazy = try engine.submitOne(GenerationRequest(prompt: [1], maxTokens: 900))
        let stream = try engine.submitOne(GenerationRequest(prompt: [2], maxTokens: 200))
        async let busy = Self.read(stream)
        await engine.drain(until: .now + .seconds(600))
        #expect(await busy.text.count == 200)
        let answer = await Self.read(lazy)
        #expect(answer.finish == .cancelled)
        #expect(answer.text == ScriptedModel.text(after: [1], count: answer.text.count))
        #expect((248...252).contains(answer.text.count))
        await engine.stop()
    }

    @Test func `ends a request whose deadline has passed before it computes it`() async throws {
        let gate = StepGate()
        let engine = Self.make(ScriptedModel(gate: gate))
        engine.start()
        let stream = try engine.submitOne(GenerationRequest(prompt: [1], deadline: .now))
        #expect(await Self.read(stream) == Answer(finish: .deadline))
        #expect(gate.steps == 0)
        await engine.stop()
    }

    // MARK: The door

    @Test func `refuses what it can never run`() async throws {
        let engine = Self.make(ScriptedModel(contextLength: 500, blocks: 4))
        let submit = { (request: GenerationRequest) throws(EngineError) in _ = try engine.submitOne(request) }
        #expect(throws: EngineError.emptyPrompt) { try submit(GenerationRequest(prompt: [])) }
        #expect(throws: EngineError.promptTooLong(prompt: 500, context: 500)) {
            try submit(GenerationRequest(prompt: Array(repeating: 1, count: 500)))
        }
        #expect(throws: EngineError.maxTokensNegative(-1)) {
            try submit(GenerationRequest(prompt: [1], maxTokens: -1))
        }
        for token in [-1, 64] as [Int32] {
            #expect(throws: EngineError.tokenOutOfRange(token: token, vocabulary: 64)) {
                try submit(GenerationRequest(prompt: [1, token, 2]))
            }
            #expect(throws: EngineError.biasOutOfRange(token: token, vocabulary: 64)) {
                let sampling = SamplingParameters(logitBias: [.init(token: token, bias: 1)])
                try submit(GenerationRequest(prompt: [1], sampling: sampling))
            }
        }
        // 4 blocks hold 256 positions; the last token is never fed.
        let prompt = Array(repeating: Int32(1), count: 200)
        #expect(throws: EngineError.exceedsPool(needed: 5, available: 4)) {
            try submit(GenerationRequest(prompt: prompt, maxTokens: 58))
        }
        let fitting = try engine.submitOne(GenerationRequest(prompt: prompt, maxTokens: 57))
        engine.start()
        #expect(await Self.read(fitting).text.count == 57)
        await engine.stop()
    }

    @Test func `lets no more requests wait than the limit`() async throws {
        let engine = Self.make(settings: EngineSettings(queueLimit: 3))
        var streams: [TokenStream] = []
        for _ in 0..<3 { streams.append(try engine.submitOne(GenerationRequest(prompt: [1], maxTokens: 2))) }
        #expect(engine.status.waiting == 3)
        // Nothing was measured yet: one start in five seconds.
        let wait = 10
        #expect(throws: EngineError.queueFull(limit: 3, wait: .seconds(wait))) {
            _ = try engine.submitOne(GenerationRequest(prompt: [1]))
        }
        engine.start()
        for stream in streams { #expect(await Self.read(stream).finish == .length) }
        _ = try engine.submitOne(GenerationRequest(prompt: [1]))
        await engine.stop()
    }

    @Test func `lets no more requests of a tenant wait than its limit, and others in`() async throws {
        let engine = Self.make(settings: EngineSettings(tenantQueueLimit: 2))
        let request = { (name: String) in GenerationRequest(prompt: [1], maxTokens: 2, tenant: Tenant(name: name)) }
        var streams: [TokenStream] = []
        for name in ["a", "a", "b", "", "", ""] { streams.append(try engine.submitOne(request(name))) }
        let wait = 7.5
        #expect(throws: EngineError.tenantQueueFull(limit: 2, wait: .seconds(wait))) {
            _ = try engine.submitOne(request("a"))
        }
        streams.append(try engine.submitOne(request("b")))
        engine.start()
        for stream in streams { #expect(await Self.read(stream).finish == .length) }
        streams = [try engine.submitOne(request("a"))]
        #expect(await Self.read(streams[0]).finish == .length)
        #expect(engine.status.waitingByTenant.isEmpty)
        await engine.stop()
    }

    @Test func `takes all samples of a request or none`() async throws {
        let engine = Self.make(settings: EngineSettings(queueLimit: 3))
        let streams = try engine.submit(GenerationRequest(prompt: [1], samples: 5, maxTokens: 2))
        #expect(engine.status.waiting == 5)
        let wait = 15
        #expect(throws: EngineError.queueFull(limit: 3, wait: .seconds(wait))) {
            _ = try engine.submit(GenerationRequest(prompt: [1]))
        }
        engine.start()
        for stream in streams { #expect(await Self.read(stream).finish == .length) }
        await engine.stop()
    }

    @Test func `drains: what runs ends, what comes is refused`() async throws {
        let engine = Self.make()
        let streams = try (0..<8).map { try engine.submitOne(GenerationRequest(prompt: [$0 + 1], maxTokens: 40)) }
        await engine.drain(until: .now + .seconds(600))
        #expect(throws: EngineError.draining) { _ = try engine.submitOne(GenerationRequest(prompt: [1])) }
        for stream in streams { #expect(await Self.read(stream).finish == .length) }
        await engine.drain(until: .now)
        await engine.stop()
    }

    @Test func `ends what is left when the drain's time is over`() async throws {
        let engine = Self.make()
        let stream = try engine.submitOne(GenerationRequest(prompt: [1], maxTokens: 1_000))
        await engine.drain(until: .now)
        #expect(await Self.read(stream).finish == .shutdown)
        await engine.stop()
    }

    @Test func `stops: everything ends, the door is shut, a second stop returns`() async throws {
        let engine = Self.make()
        let streams = try (0..<8).map { try engine.submitOne(GenerationRequest(prompt: [$0 + 1], maxTokens: 1_000)) }
        await engine.stop()
        for stream in streams { #expect(await Self.read(stream).finish == .shutdown) }
        #expect(throws: EngineError.stopped) { _ = try engine.submitOne(GenerationRequest(prompt: [1])) }
        #expect(engine.status.freeBlocks == engine.status.totalBlocks)
        await engine.stop()
        await engine.drain(until: .now)
    }

    @Test func `ends the streams that outlive the engine, even if it never started`() async throws {
        var engine: InferenceEngine? = Self.make()
        let stream = try engine?.submitOne(GenerationRequest(prompt: [1], maxTokens: 1_000))
        engine = nil
        #expect(await Self.read(try #require(stream)).finish == .shutdown)
    }

    // MARK: Metrics

    @Test func `counts what it does`() async throws {
        let metrics = MetricsRegistry()
        let engine = Self.make(metrics: metrics)
        let first = ScriptedModel.text(after: [1, 2, 3], count: 5)
        let requests = [
            GenerationRequest(prompt: [1, 2, 3], maxTokens: 5),
            GenerationRequest(prompt: [1, 2, 3], maxTokens: 50, stopTokens: [first[4]]),
        ]
        let streams = try requests.map { try engine.submitOne($0) }
        await engine.drain(until: .now + .seconds(600))
        await engine.stop()
        let expected = 5 + (first.firstIndex(of: first[4]) ?? 0)
        for (name, value) in [
            "vllm:prompt_tokens_total": 6, "llamacpp:prompt_tokens_total": 6,
            "vllm:generation_tokens_total": expected, "llamacpp:tokens_predicted_total": expected,
            "vllm:num_requests_running": 0, "vllm:num_requests_waiting": 0, "llamacpp:requests_processing": 0,
            "llamacpp:requests_deferred": 0, "vllm:kv_cache_usage_perc": 0, "drover_kv_blocks_free": 256,
            "drover_kv_blocks": 256, "vllm:time_to_first_token_seconds_count": 2,
            "vllm:inter_token_latency_seconds_count": expected - 2, "vllm:e2e_request_latency_seconds_count": 2,
            "vllm:request_queue_time_seconds_count": 2, "vllm:iteration_tokens_total_sum": 6 + expected - 1,
        ] { #expect(Self.value(of: name, in: metrics) == Double(value), "\(name)") }
        #expect(Self.value(of: "vllm:request_success_total", with: "length", in: metrics) == 1)
        #expect(Self.value(of: "vllm:request_success_total", with: "stop", in: metrics) == 1)
        withExtendedLifetime(streams) {}
    }

    /// The value of the series whose line begins with `name` and mentions `label`.
    private static func value(of name: String, with label: String = "", in metrics: MetricsRegistry) -> Double {
        let line = metrics.page().split(separator: "\n").first { line in
            (line.hasPrefix(name + "{") || line.hasPrefix(name + " "))
                && (label.isEmpty || line.contains("\"\(label)\""))
        }
        return line?.split(separator: " ").last.flatMap { Double($0) } ?? .nan
    }
}

import Engine
import Model
import Telemetry
import Testing

/// Steps of batch work that make way for a request.
struct BreakOffTests {
    private static func request(_ prompt: [Int32], isBatch: Bool = true, maxTokens: Int = 20) -> GenerationRequest {
        GenerationRequest(
            prompt: prompt, sampling: .greedy, maxTokens: maxTokens,
            priority: isBatch ? RequestOrder.batchPriority : 0)
    }

    private static func text(of stream: TokenStream) async -> [Int32] {
        var text: [Int32] = []
        for await case .token(let token) in stream { text.append(token.id) }
        return text
    }

    @Test func `a request that comes in the middle of a step of batch work does not wait for its end`() async throws {
        let (gate, metrics) = (StepGate(), MetricsRegistry())
        let engine = InferenceEngine(
            model: ScriptedModel(gate: gate), settings: EngineSettings(), metrics: metrics, modelName: "scripted")
        engine.start()
        let prompts = (0..<4).map { number in (0..<100).map { Int32($0 * number % 64) } }
        let lines = try prompts.map { try engine.submitOne(Self.request($0)) }
        gate.allow(3)
        while gate.steps < 3 { await Task.yield() }
        // The engine is in its fourth step, or on the way there: it looks at the letters before it, or breaks it off.
        let asked = try engine.submitOne(Self.request([1, 2, 3], isBatch: false))
        gate.allow(2)
        var events = asked.makeAsyncIterator()
        while let event = await events.next(), event != .prefill(computed: 3, total: 3, cached: 0) {}
        #expect(gate.steps <= 5)
        gate.open()
        for (prompt, line) in zip(prompts, lines) {
            #expect(await Self.text(of: line) == ScriptedModel.text(after: prompt, count: 20))
        }
        await engine.stop()
    }

    private static func scheduler(rows: Int = 100) -> Scheduler {
        Scheduler(
            blocks: 16, capacity: BatchCapacity(rows: rows, runs: 16, logitRows: 16), contextLength: 1024)
    }

    private static func planned(_ scheduler: inout Scheduler) throws -> StepPlan {
        let plan = scheduler.plan()
        return try #require(plan)
    }

    private static func step(_ scheduler: inout Scheduler, isBroken: Bool) throws -> StepPlan {
        let plan = try planned(&scheduler)
        #expect(!isBroken || scheduler.mayBreakOff(plan))
        if isBroken {
            scheduler.takeBack(plan)
        } else {
            _ = scheduler.commit(
                plan, plan.runs.compactMap { $0.output == nil ? nil : .token(SampledToken(id: 1)) })
        }
        try scheduler.checkIntegrity()
        return plan
    }

    @Test func `the rows of a step that was broken off are all fed again`() throws {
        var scheduler = Self.scheduler()
        // Who shares a prompt counts on what the same step computes.
        for id in UInt64(1)...3 { scheduler.accept(Self.request(Array(repeating: 7, count: 130)), id: RequestID(id)) }
        let first = try Self.step(&scheduler, isBroken: true)
        #expect(scheduler.running.allSatisfy { $0.computed == 0 && $0.cachedCount == 0 })
        #expect(try Self.step(&scheduler, isBroken: false).runs == first.runs)
        let second = try Self.step(&scheduler, isBroken: true)
        #expect(second.runs.map(\.positions) == [100..<130, 128..<130, 128..<130])
        #expect(scheduler.running.map(\.computed) == [100, 100, 100])
        #expect(try Self.step(&scheduler, isBroken: false).runs == second.runs)
        #expect(scheduler.running.map(\.cachedCount) == [0, 128, 128])
    }

    @Test func `what nobody computed is found by nobody`() throws {
        var scheduler = Self.scheduler()
        let (line, asked) = (RequestID(1), RequestID(2))
        scheduler.accept(Self.request(Array(repeating: 7, count: 70)), id: line)
        _ = try Self.step(&scheduler, isBroken: true)
        _ = scheduler.cancel(line)
        scheduler.accept(Self.request(Array(repeating: 7, count: 70), isBatch: false), id: asked)
        let plan = try Self.step(&scheduler, isBroken: false)
        #expect(plan.runs.map(\.positions) == [0..<70] && scheduler.pool.idleCount == 0)
    }

    @Test func `only batch work is broken off, and it gets on`() throws {
        var scheduler = Self.scheduler()
        scheduler.accept(Self.request([1, 2]), id: RequestID(1))
        _ = try Self.step(&scheduler, isBroken: true)
        var plan = try Self.planned(&scheduler)
        #expect(!scheduler.mayBreakOff(plan))
        _ = scheduler.commit(plan, [.token(SampledToken(id: 1))])
        plan = try Self.step(&scheduler, isBroken: true)
        scheduler.accept(Self.request([1, 2], isBatch: false), id: RequestID(2))
        _ = try Self.step(&scheduler, isBroken: false)
        plan = try Self.planned(&scheduler)
        #expect(!scheduler.mayBreakOff(plan))
    }
}

import Engine
import Model
import Testing

/// Who goes first, and who gives way.
struct PriorityTests {
    private static func make(
        blocks: Int = 16, rows: Int = 256, runs: Int = 8, admission: AdmissionPolicy = .optimistic
    ) -> Scheduler {
        Scheduler(
            blocks: blocks, capacity: BatchCapacity(rows: rows, runs: runs, logitRows: runs), contextLength: 1024,
            sharesPrefixes: false, admission: admission)
    }

    private static func request(_ promptCount: Int, priority: Int, maxTokens: Int = 50) -> GenerationRequest {
        GenerationRequest(prompt: Array(repeating: 1, count: promptCount), maxTokens: maxTokens, priority: priority)
    }

    @discardableResult
    private func step(_ scheduler: inout Scheduler) throws -> StepPlan {
        let planned = scheduler.plan()
        let plan = try #require(planned)
        let outcomes = plan.runs.filter { $0.output != nil }
            .map { _ in RowOutcome.token(SampledToken(id: 7, logprob: 0)) }
        _ = scheduler.commit(plan, outcomes)
        try scheduler.checkIntegrity()
        return plan
    }

    private let a = RequestID(1)
    private let b = RequestID(2)
    private let c = RequestID(3)

    @Test func `a lower number passes those that wait, and equals keep their order`() throws {
        var scheduler = Self.make(runs: 1)
        for (id, priority) in [(a, 5), (b, 5), (c, 1)] {
            scheduler.accept(Self.request(3, priority: priority, maxTokens: 1), id: id)
        }
        #expect(scheduler.waitingIDs == [c, a, b])
        for id in [c, a, b] { #expect(try step(&scheduler).admitted == [id]) }
    }

    @Test func `its prompt goes before one that is under way`() throws {
        var scheduler = Self.make(rows: 64)
        scheduler.accept(Self.request(200, priority: 1), id: a)
        try step(&scheduler)
        scheduler.accept(Self.request(40, priority: 0), id: b)
        #expect(try step(&scheduler).runs.map(\.request) == [b, a])
        #expect(scheduler.running.map(\.id) == [b, a])
    }

    @Test func `takes blocks from who has a higher number, the newest first, and no more than it needs`() throws {
        var scheduler = Self.make(blocks: 6)
        for id in [a, b] { scheduler.accept(Self.request(130, priority: 1), id: id) }
        try step(&scheduler)
        scheduler.accept(Self.request(150, priority: 0), id: c)
        let plan = try step(&scheduler)
        #expect(plan.preempted == [b] && plan.admitted == [c])
        #expect(scheduler.running.map(\.id) == [c, a] && scheduler.waitingIDs == [b])
        #expect(scheduler.running[1].outputCount == 2)
    }

    @Test func `takes a place from who has a higher number`() throws {
        var scheduler = Self.make(runs: 1)
        scheduler.accept(Self.request(3, priority: 1), id: a)
        try step(&scheduler)
        scheduler.accept(Self.request(3, priority: 0, maxTokens: 1), id: b)
        #expect(try step(&scheduler).preempted == [a])
        #expect(try step(&scheduler).admitted == [a])
    }

    @Test func `does not wait for what a higher number computes`() throws {
        var scheduler = Scheduler(
            blocks: 16, capacity: BatchCapacity(rows: 80, runs: 8, logitRows: 8), contextLength: 1024)
        let prompt = (0..<200).map { Int32($0) }
        scheduler.accept(GenerationRequest(prompt: prompt, priority: 1), id: a)
        try step(&scheduler)
        scheduler.accept(GenerationRequest(prompt: prompt, priority: 0), id: b)
        scheduler.accept(GenerationRequest(prompt: prompt, priority: 2), id: c)
        let plan = try step(&scheduler)
        // The one block that is complete, and no other.
        #expect(plan.runs.map(\.request) == [b] && plan.runs.map(\.positions) == [64..<144])
        #expect(plan.misses == [.behind])
        #expect(scheduler.running.map(\.id) == [b, a, c])
    }

    @Test func `takes nothing where it would not be enough`() throws {
        var scheduler = Self.make(blocks: 4)
        scheduler.accept(Self.request(100, priority: 0), id: a)
        scheduler.accept(Self.request(100, priority: 1), id: b)
        try step(&scheduler)
        scheduler.accept(Self.request(150, priority: 0), id: c)
        let plan = try step(&scheduler)
        #expect(plan.preempted.isEmpty && plan.runs.map(\.request) == [a, b])
    }

    @Test func `takes nothing from its equals, nor from anybody under reservation`() throws {
        for (priority, admission) in [(0, AdmissionPolicy.optimistic), (1, .reservation)] {
            var scheduler = Self.make(blocks: 3, admission: admission)
            scheduler.accept(Self.request(100, priority: priority), id: a)
            try step(&scheduler)
            scheduler.accept(Self.request(100, priority: 0), id: b)
            #expect(try step(&scheduler).preempted.isEmpty)
            #expect(scheduler.waitingIDs == [b])
        }
    }

    @Test func `batch work beside others takes the rows that they hardly notice, and all when alone`() throws {
        var scheduler = Self.make(runs: 16)
        func timedStep() throws -> StepPlan {
            let plan = try step(&scheduler)
            scheduler.observe(plan, took: .microseconds(10_000 + 200 * plan.rowCount))
            return plan
        }
        for number in UInt64(10)..<18 {
            scheduler.accept(Self.request(3, priority: RequestOrder.batchPriority), id: RequestID(number))
        }
        for _ in 0..<4 { _ = try timedStep() }
        scheduler.accept(Self.request(3, priority: 0, maxTokens: 5), id: a)
        scheduler.accept(Self.request(40, priority: RequestOrder.batchPriority), id: b)
        repeat {
            let plan = try timedStep()
            let own = plan.runs.first { $0.request == a }?.positions.count ?? 0
            // 10.2 ms alone: a tenth more are five rows. Prompts of the batch count as its answers do.
            #expect(own > 0 && (1...6).contains(plan.rowCount - own))
        } while scheduler.running.first?.id == a
        #expect(try timedStep().runs.count == 9)
    }
}

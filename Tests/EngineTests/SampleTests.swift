import Engine
import Model
import Testing

/// Several samples of one prompt: what the scheduler computes once, and where they part.
struct SampleTests {
    private static func make(
        blocks: Int = 16, rows: Int = 256, runs: Int = 8, sharesPrefixes: Bool = true
    ) -> Scheduler {
        Scheduler(
            blocks: blocks, capacity: BatchCapacity(rows: rows, runs: runs, logitRows: runs), contextLength: 1024,
            sharesPrefixes: sharesPrefixes)
    }

    private static func request(_ promptCount: Int, samples: Int = 3, maxTokens: Int = 8) -> GenerationRequest {
        GenerationRequest(
            prompt: (0..<Int32(promptCount)).map { $0 * 31 % 97 }, samples: samples, maxTokens: maxTokens)
    }

    /// Plans and commits a step in which every sampling run gets the number of its request.
    @discardableResult
    private func step(_ scheduler: inout Scheduler) throws -> (plan: StepPlan, events: [RequestEvent]) {
        let planned = scheduler.plan()
        let plan = try #require(planned)
        try scheduler.checkIntegrity()
        let outcomes = plan.runs.filter { $0.output != nil }
            .map { RowOutcome.token(SampledToken(id: Int32($0.request.number), logprob: 0)) }
        let events = scheduler.commit(plan, outcomes)
        try scheduler.checkIntegrity()
        return (plan, events)
    }

    private let a = RequestID(1)

    @Test(arguments: [true, false])
    func `computes a prompt once and then one row for each other sample`(sharesPrefixes: Bool) throws {
        var scheduler = Self.make(sharesPrefixes: sharesPrefixes)
        scheduler.accept(Self.request(150), id: a)
        let first = try step(&scheduler)
        #expect(first.plan.admitted.count == 3 && first.plan.runs.map(\.positions) == [0..<150])
        // Two full blocks for all, and one for each.
        #expect(scheduler.pool.heldCount == 5)
        let tails = scheduler.running.map { $0.table.blocks[2] }
        let second = try step(&scheduler)
        #expect(second.plan.runs.map(\.positions) == [150..<151, 149..<150, 149..<150])
        #expect(second.plan.runs.map(\.output) == [1, 0, 0])
        #expect(
            second.plan.copies == [
                StepPlan.BlockCopy(source: tails[0], target: tails[1]),
                StepPlan.BlockCopy(source: tails[1], target: tails[2]),
            ])
        let done = TokenEvent.prefill(computed: 150, total: 150, cached: 149)
        #expect(second.events.filter { $0.event == done }.map(\.request) == [a.sample(1), a.sample(2)])
        #expect(try step(&scheduler).plan.copies.isEmpty)
    }

    @Test func `a prompt that ends with a block's first token needs no copy`() throws {
        var scheduler = Self.make()
        scheduler.accept(Self.request(129), id: a)
        let (plan, _) = try step(&scheduler)
        #expect(plan.runs.map(\.positions) == [0..<129, 128..<129, 128..<129] && plan.copies.isEmpty)
    }

    @Test func `a prompt of whole blocks parts in its last one`() throws {
        var scheduler = Self.make()
        scheduler.accept(Self.request(128, samples: 2), id: a)
        try step(&scheduler)
        let (plan, _) = try step(&scheduler)
        #expect(plan.runs.map(\.positions) == [128..<129, 127..<128] && plan.copies.count == 1)
    }

    @Test func `a prompt of one token is fed by each sample`() throws {
        var scheduler = Self.make()
        scheduler.accept(Self.request(1), id: a)
        let (plan, _) = try step(&scheduler)
        #expect(plan.runs.map(\.positions) == [0..<1, 0..<1, 0..<1] && plan.copies.isEmpty)
    }

    @Test func `a sample that finds no place comes later and parts from one that still runs`() throws {
        var scheduler = Self.make(runs: 2)
        scheduler.accept(Self.request(100, maxTokens: 3), id: a)
        #expect(try step(&scheduler).plan.admitted == [a, a.sample(1)])
        for _ in 0..<2 {
            #expect(scheduler.waitingIDs == [a.sample(2)])
            try step(&scheduler)
        }
        // The first has ended, and the last takes its place; the second ends in the same step.
        let (plan, _) = try step(&scheduler)
        #expect(plan.admitted == [a.sample(2)] && plan.runs.map(\.request) == [a.sample(1)])
        #expect(scheduler.running.map(\.id) == [a.sample(2)])
        let last = try step(&scheduler).plan
        #expect(last.copies.count == 1 && last.runs.map(\.positions) == [99..<100])
    }

    @Test func `samples of a single token part from one that has ended`() throws {
        var scheduler = Self.make()
        scheduler.accept(Self.request(100, maxTokens: 1), id: a)
        #expect(try step(&scheduler).events.last == RequestEvent(request: a, event: .finished(.length)))
        let (plan, _) = try step(&scheduler)
        #expect(plan.copies.count == 2 && plan.runs.map(\.positions) == [99..<100, 99..<100])
        #expect(scheduler.isEmpty)
    }

    @Test func `the next sample computes what the first leaves undone`() throws {
        var scheduler = Self.make(rows: 80)
        scheduler.accept(Self.request(150), id: a)
        try step(&scheduler)
        #expect(scheduler.cancel(a) != nil)
        #expect(try step(&scheduler).plan.runs.map(\.positions) == [80..<150])
        let (plan, _) = try step(&scheduler)
        #expect(plan.copies.count == 1 && plan.runs.map(\.positions) == [150..<151, 149..<150])
    }

    @Test func `only the first sample says what the cache missed`() throws {
        var scheduler = Self.make()
        scheduler.accept(Self.request(50), id: a)
        #expect(try step(&scheduler).plan.misses == [.short])
    }

    @Test func `seeds of samples differ, and the first is the request's own`() {
        let seeds = (0..<4).flatMap { seed in (0..<4).map { CounterRandom.seed(UInt64(seed), sample: $0) } }
        #expect(Set(seeds).count == 16)
        #expect((0..<4).map { seeds[4 * $0] } == [0, 1, 2, 3])
    }
}

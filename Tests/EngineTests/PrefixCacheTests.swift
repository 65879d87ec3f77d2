import Engine
import Model
import Testing

/// What requests with equal beginnings have of each other.
struct PrefixCacheTests {
    private static func make(blocks: Int = 16, rows: Int = 512) -> Scheduler {
        Scheduler(
            blocks: blocks, capacity: BatchCapacity(rows: rows, runs: 8, logitRows: 8), contextLength: 1024)
    }

    /// Equal seeds begin equally, and no two others share a block.
    private static func prompt(_ count: Int, seed: Int32 = 0) -> [Int32] {
        (0..<Int32(count)).map { $0 * 31 % 97 + 100 * seed }
    }

    /// Plans and commits a step in which every sampling run gets the same token.
    @discardableResult
    private func step(_ scheduler: inout Scheduler, token: Int32 = 7) throws -> (plan: StepPlan, events: [RequestEvent])
    {
        let planned = scheduler.plan()
        let plan = try #require(planned)
        try scheduler.checkIntegrity()
        let outcomes = plan.runs.filter { $0.output != nil }.map { _ in RowOutcome.token(SampledToken(id: token)) }
        let events = scheduler.commit(plan, outcomes)
        try scheduler.checkIntegrity()
        return (plan, events)
    }

    private func finish(_ scheduler: inout Scheduler) throws {
        while !scheduler.isEmpty { try step(&scheduler) }
    }

    private let a = RequestID(1)
    private let b = RequestID(2)
    private let c = RequestID(3)

    @Test func `a prompt seen before is not computed again, but for its last token`() throws {
        var scheduler = Self.make()
        scheduler.accept(GenerationRequest(prompt: Self.prompt(129), maxTokens: 2), id: a)
        let first = try step(&scheduler)
        #expect(first.plan.misses == [.unknown])
        try finish(&scheduler)
        #expect(scheduler.pool.freeCount == 16 && scheduler.pool.idleCount == 2)
        scheduler.accept(GenerationRequest(prompt: Self.prompt(129), maxTokens: 2), id: b)
        let again = try step(&scheduler)
        #expect(again.plan.runs.map(\.positions) == [128..<129])
        #expect(again.plan.misses.isEmpty)
        #expect(again.events.first?.event == .prefill(computed: 129, total: 129, cached: 128))
    }

    @Test func `a prompt of whole blocks computes the last of them itself`() throws {
        var scheduler = Self.make()
        for id in [a, b] {
            scheduler.accept(GenerationRequest(prompt: Self.prompt(128), maxTokens: 1), id: id)
            let ranges = try step(&scheduler).plan.runs.map(\.positions)
            #expect(ranges == [id == a ? 0..<128 : 64..<128])
        }
    }

    @Test func `who arrives together computes a common beginning once, in one step`() throws {
        var scheduler = Self.make()
        for id in [a, b, c] {
            scheduler.accept(GenerationRequest(prompt: Self.prompt(200) + [id == a ? 1 : 2]), id: id)
        }
        let (plan, events) = try step(&scheduler)
        #expect(plan.runs.map(\.positions) == [0..<201, 192..<201, 192..<201])
        #expect(scheduler.pool.heldCount == 3 + 3)
        #expect(events.contains(RequestEvent(request: c, event: .prefill(computed: 201, total: 201, cached: 192))))
    }

    @Test func `who shares an unfinished beginning waits for it`() throws {
        var scheduler = Self.make(rows: 70)
        for id in [a, b] { scheduler.accept(GenerationRequest(prompt: Self.prompt(200)), id: id) }
        #expect(try step(&scheduler).plan.runs.map(\.positions) == [0..<70])
        #expect(try step(&scheduler).plan.runs.map(\.positions) == [70..<140])
        // a reaches its end and leaves ten rows to b, which goes on where the common part ends.
        #expect(try step(&scheduler).plan.runs.map(\.positions) == [140..<200, 192..<200])
    }

    /// The last token of a prompt may come alone, as a decoding row does.
    @Test func `a promise is kept by a single row too`() throws {
        var scheduler = Self.make(rows: 127)
        scheduler.accept(GenerationRequest(prompt: Self.prompt(128)), id: a)
        try step(&scheduler)
        #expect(try step(&scheduler).plan.runs.map(\.positions) == [127..<128])
        scheduler.accept(GenerationRequest(prompt: Self.prompt(128) + [1, 2]), id: b)
        #expect(try step(&scheduler).plan.runs.map(\.positions) == [128..<129, 128..<130])
    }

    @Test func `goes on where a writer left off`() throws {
        var scheduler = Self.make(rows: 70)
        for id in [a, b, c] { scheduler.accept(GenerationRequest(prompt: Self.prompt(200)), id: id) }
        try step(&scheduler)
        #expect(scheduler.cancel(a) != nil)
        try scheduler.checkIntegrity()
        let (plan, events) = try step(&scheduler)
        #expect(plan.runs == [StepPlan.Run(request: b, slot: 0, positions: 70..<140, output: nil)])
        #expect(events.map(\.event) == [.prefill(computed: 140, total: 200, cached: 70)])
        let last = try step(&scheduler)
        #expect(last.plan.runs.map(\.positions) == [140..<200, 192..<200])
        #expect(last.events.contains(RequestEvent(request: c, event: .prefill(computed: 200, total: 200, cached: 192))))
    }

    @Test func `an answer is the beginning of the next turn`() throws {
        var scheduler = Self.make()
        scheduler.accept(GenerationRequest(prompt: Self.prompt(60), maxTokens: 80), id: a)
        try finish(&scheduler)
        let next = Self.prompt(60) + Array(repeating: 7, count: 80) + [1, 2, 3]
        scheduler.accept(GenerationRequest(prompt: next), id: b)
        #expect(try step(&scheduler).plan.runs.map(\.positions) == [128..<143])
    }

    @Test func `different salts share nothing`() throws {
        var scheduler = Self.make()
        for (id, salt) in [(a, ""), (b, "x"), (c, "x")] {
            scheduler.accept(GenerationRequest(prompt: Self.prompt(100), maxTokens: 1, cacheSalt: salt), id: id)
        }
        #expect(try step(&scheduler).plan.runs.map(\.positions) == [0..<100, 0..<100, 64..<100])
    }

    @Test func `makes room from the end of what was used longest ago`() throws {
        var scheduler = Self.make(blocks: 6)
        for (id, seed) in [(a, 1), (b, 2)] as [(RequestID, Int32)] {
            scheduler.accept(GenerationRequest(prompt: Self.prompt(129, seed: seed), maxTokens: 1), id: id)
            try finish(&scheduler)
        }
        #expect(scheduler.pool.idleCount == 4)
        // Four blocks: two free ones, and two of the idle, those of a.
        scheduler.accept(GenerationRequest(prompt: Self.prompt(193, seed: 3), maxTokens: 1), id: c)
        try finish(&scheduler)
        for (seed, misses, first) in [(2, [], 128), (1, [.evicted], 0)] as [(Int32, [PrefixMiss], Int)] {
            scheduler.accept(GenerationRequest(prompt: Self.prompt(129, seed: seed), maxTokens: 1), id: a)
            let plan = try step(&scheduler).plan
            #expect(plan.misses == misses && plan.runs.map(\.positions.lowerBound) == [first], "prompt \(seed)")
        }
    }

    @Test func `says why a prefix was not found`() throws {
        var scheduler = Self.make()
        let known = Self.prompt(129)
        for (id, prompt, miss) in [
            (a, known, .unknown), (b, Array(known.prefix(64)), .short), (c, known + known, .diverged),
        ] as [(RequestID, [Int32], PrefixMiss)] {
            scheduler.accept(GenerationRequest(prompt: prompt, maxTokens: 1), id: id)
            #expect(try step(&scheduler).plan.misses == [miss])
        }
    }

    @Test func `a preempted request finds its own blocks again`() throws {
        var scheduler = Self.make(blocks: 5)
        scheduler.accept(GenerationRequest(prompt: Self.prompt(127, seed: 1), maxTokens: 60), id: a)
        scheduler.accept(GenerationRequest(prompt: Self.prompt(126, seed: 2), maxTokens: 60), id: b)
        var preempted = false
        while !preempted { preempted = try step(&scheduler).plan.preempted == [b] }
        #expect(scheduler.cancel(a) != nil)
        let plan = try step(&scheduler).plan
        #expect(plan.runs == [StepPlan.Run(request: b, slot: 0, positions: 128..<129, output: 3)])
    }
}

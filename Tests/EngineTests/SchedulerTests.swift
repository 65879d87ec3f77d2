import Engine
import Model
import Testing

struct SchedulerTests {
    /// Without sharing, so that every prompt needs its own blocks; `PrefixCacheTests` are about sharing.
    private static func make(
        blocks: Int = 16, rows: Int = 256, runs: Int = 8, context: Int = 1024
    ) -> Scheduler {
        Scheduler(
            blocks: blocks, capacity: BatchCapacity(rows: rows, runs: runs, logitRows: runs), contextLength: context,
            sharesPrefixes: false)
    }

    private static func request(
        _ promptCount: Int, maxTokens: Int = 8, stop: [Int32] = [], deadline: ContinuousClock.Instant? = nil
    ) -> GenerationRequest {
        GenerationRequest(
            prompt: Array(repeating: 1, count: promptCount), maxTokens: maxTokens, stopTokens: stop,
            deadline: deadline)
    }

    private static func run(
        _ id: RequestID, slot: Int, _ positions: Range<Int>, output: Int?
    ) -> StepPlan.Run {
        StepPlan.Run(request: id, slot: slot, positions: positions, output: output)
    }

    /// Plans and commits a step in which every sampling run gets the same token.
    @discardableResult
    private func step(_ scheduler: inout Scheduler, token: Int32 = 7) throws -> (StepPlan, [RequestEvent]) {
        let planned = scheduler.plan()
        let plan = try #require(planned)
        let outcomes = plan.runs.filter { $0.output != nil }
            .map { _ in RowOutcome.token(SampledToken(id: token, logprob: 0)) }
        let events = scheduler.commit(plan, outcomes)
        try scheduler.checkIntegrity()
        return (plan, events)
    }

    private let a = RequestID(1)
    private let b = RequestID(2)
    private let c = RequestID(3)

    @Test func `has no plan without requests`() {
        var scheduler = Self.make()
        #expect(scheduler.plan() == nil)
    }

    @Test func `feeds a short prompt whole and then one token a step`() throws {
        var scheduler = Self.make()
        scheduler.accept(Self.request(5, maxTokens: 2), id: a)
        let (first, events) = try step(&scheduler)
        #expect(first.admitted == [a])
        #expect(first.runs == [Self.run(a, slot: 0, 0..<5, output: 0)])
        #expect(events.map(\.event).first == .prefill(computed: 5, total: 5, cached: 0))
        let (second, last) = try step(&scheduler)
        #expect(second.runs == [Self.run(a, slot: 0, 5..<6, output: 1)])
        #expect(last.last == RequestEvent(request: a, event: .finished(.length)))
        #expect(scheduler.isEmpty && scheduler.pool.freeCount == 16)
    }

    @Test func `gives an idle machine to prompts up to its rows`() throws {
        var scheduler = Self.make()
        scheduler.accept(Self.request(300), id: a)
        scheduler.accept(Self.request(100), id: b)
        #expect(try step(&scheduler).0.runs == [Self.run(a, slot: 0, 0..<256, output: nil)])
        #expect(
            try step(&scheduler).0.runs == [
                Self.run(a, slot: 0, 256..<300, output: 0), Self.run(b, slot: 1, 0..<100, output: 0),
            ])
    }

    @Test func `puts decode rows first and gives prompts one chunk beside them`() throws {
        var scheduler = Self.make()
        scheduler.accept(Self.request(5), id: a)
        try step(&scheduler)
        scheduler.accept(Self.request(100), id: b)
        scheduler.accept(Self.request(100), id: c)
        #expect(
            try step(&scheduler).0.runs == [
                Self.run(a, slot: 0, 5..<6, output: 1), Self.run(b, slot: 1, 0..<64, output: nil),
            ])
        let (plan, events) = try step(&scheduler)
        #expect(
            plan.runs == [
                Self.run(a, slot: 0, 6..<7, output: 2), Self.run(b, slot: 1, 64..<100, output: 0),
                Self.run(c, slot: 2, 0..<28, output: nil),
            ])
        #expect(events.contains(RequestEvent(request: c, event: .prefill(computed: 28, total: 100, cached: 0))))
    }

    @Test func `gives prompts the time that decoding leaves`() throws {
        var scheduler = Self.make()
        scheduler.accept(Self.request(200), id: a)
        scheduler.observe(try step(&scheduler).0, took: .milliseconds(400))
        scheduler.observe(try step(&scheduler).0, took: .milliseconds(20))
        scheduler.accept(Self.request(200), id: b)
        // From 20 ms for one row to 400 ms for 200: 100 ms are enough for 42.
        #expect(try step(&scheduler).0.runs.map(\.positions) == [201..<202, 0..<41])
        _ = scheduler.cancel(a)
        #expect(try step(&scheduler).0.runs.map(\.positions) == [41..<200])
    }

    @Test func `decodes the oldest first`() throws {
        var scheduler = Self.make()
        for id in [a, b, c] { scheduler.accept(Self.request(3), id: id) }
        try step(&scheduler)
        #expect(try step(&scheduler).0.runs.map(\.request) == [a, b, c])
    }

    @Test func `lets nobody past the first of the queue`() throws {
        var scheduler = Self.make(blocks: 4)
        scheduler.accept(Self.request(150), id: a)
        scheduler.accept(Self.request(100), id: b)
        scheduler.accept(Self.request(5), id: c)
        // a takes 3 of 4 blocks, b needs 2, c would need one.
        #expect(try step(&scheduler).0.admitted == [a])
        #expect(scheduler.waitingIDs == [b, c])
        #expect(scheduler.cancel(b) == RequestEvent(request: b, event: .finished(.cancelled)))
        #expect(try step(&scheduler).0.admitted == [c])
    }

    @Test func `a reservation is for all that a request may generate`() throws {
        var scheduler = Scheduler(
            blocks: 5, capacity: BatchCapacity(rows: 256, runs: 8, logitRows: 8), contextLength: 1024,
            admission: .reservation)
        scheduler.accept(Self.request(10, maxTokens: 120), id: a)
        scheduler.accept(Self.request(10, maxTokens: 183), id: b)
        scheduler.accept(Self.request(10, maxTokens: 184), id: c)
        // 129 positions take three blocks, as the last token is never fed; 192 would take three more.
        #expect(try step(&scheduler).0.admitted == [a])
        #expect(scheduler.pool.heldCount == 3)
        _ = scheduler.cancel(a)
        #expect(try step(&scheduler).0.admitted == [b])
        #expect(scheduler.waitingIDs == [c])
    }

    @Test func `runs no more requests than can all decode in one step`() throws {
        var scheduler = Self.make(runs: 2)
        for id in [a, b, c] { scheduler.accept(Self.request(3, maxTokens: 1), id: id) }
        #expect(try step(&scheduler).0.admitted == [a, b])
        #expect(try step(&scheduler).0.admitted == [c])
    }

    @Test func `preempts the newest when blocks run out and feeds it all its tokens again`() throws {
        var scheduler = Self.make(blocks: 3)
        scheduler.accept(Self.request(62, maxTokens: 60), id: a)
        scheduler.accept(Self.request(63, maxTokens: 60), id: b)
        for _ in 0..<3 { try step(&scheduler) }
        // b, one token longer, took the third block; now a needs it.
        let (plan, _) = try step(&scheduler)
        #expect(plan.preempted == [b])
        #expect(plan.runs.map(\.request) == [a])
        #expect(scheduler.waitingIDs == [b])
        scheduler.cancel(a).map { #expect($0.request == a) }
        let (again, events) = try step(&scheduler)
        #expect(again.runs == [Self.run(b, slot: 0, 0..<66, output: 3)])
        // Its client has long seen the prompt done.
        #expect(events.map(\.event) == [.token(SampledToken(id: 7, logprob: 0))])
    }

    @Test func `preempts a request that is the newest itself`() throws {
        var scheduler = Self.make(blocks: 3)
        scheduler.accept(Self.request(63, maxTokens: 60), id: a)
        scheduler.accept(Self.request(62, maxTokens: 60), id: b)
        for _ in 0..<3 { try step(&scheduler) }
        let (plan, _) = try step(&scheduler)
        #expect(plan.preempted == [b])
        #expect(plan.runs == [Self.run(a, slot: 0, 65..<66, output: 3)])
        #expect(scheduler.waitingIDs == [b])
    }

    @Test func `lets nobody in while others lose their blocks`() throws {
        var scheduler = Self.make(blocks: 4)
        scheduler.accept(Self.request(63, maxTokens: 60), id: a)
        scheduler.accept(Self.request(128, maxTokens: 60), id: b)
        try step(&scheduler)
        scheduler.accept(Self.request(3), id: c)
        try step(&scheduler)
        // a needs its second block; b gives up three, of which c could have one.
        let (plan, _) = try step(&scheduler)
        #expect(plan.preempted == [b] && plan.admitted.isEmpty)
        #expect(scheduler.waitingIDs == [b, c])
    }

    @Test func `asks for no block for the last token, which is never fed`() throws {
        var scheduler = Self.make(blocks: 1)
        scheduler.accept(Self.request(64, maxTokens: 1), id: a)
        #expect(try step(&scheduler).1.last?.event == .finished(.length))
    }

    @Test func `ends at a stop token, which is not part of the text`() throws {
        var scheduler = Self.make()
        scheduler.accept(Self.request(3, stop: [9, 7]), id: a)
        let events = try step(&scheduler).1.map(\.event)
        #expect(events == [.prefill(computed: 3, total: 3, cached: 0), .finished(.stop(token: 7))])
    }

    @Test func `ends where prompt and output fill the context`() throws {
        var scheduler = Self.make(context: 10)
        scheduler.accept(Self.request(8, maxTokens: 100), id: a)
        try step(&scheduler)
        #expect(try step(&scheduler).1.last?.event == .finished(.length))
        #expect(scheduler.isEmpty)
    }

    @Test func `O26 ends only the request whose logits are not numbers`() throws {
        var scheduler = Self.make()
        scheduler.accept(Self.request(3), id: a)
        scheduler.accept(Self.request(3), id: b)
        let planned = scheduler.plan()
        let plan = try #require(planned)
        let events = scheduler.commit(plan, [.notANumber, .token(SampledToken(id: 4, logprob: 0))])
        #expect(events.contains(RequestEvent(request: a, event: .finished(.numericalError))))
        #expect(scheduler.running.map(\.id) == [b])
        try scheduler.checkIntegrity()
    }

    @Test func `ends late requests, running or waiting, and no others`() throws {
        let now = ContinuousClock.now
        var scheduler = Self.make(blocks: 2)
        scheduler.accept(Self.request(100, deadline: now), id: a)
        scheduler.accept(Self.request(100, deadline: now), id: b)
        scheduler.accept(Self.request(100, deadline: now + .seconds(1)), id: c)
        try step(&scheduler)
        #expect(scheduler.expire(now: now - .seconds(1)).isEmpty)
        #expect(scheduler.expire(now: now).map(\.request) == [a, b])
        #expect(try step(&scheduler).0.admitted == [c])
    }

    @Test func `H53 and H54 frees blocks at once when a request is cancelled`() throws {
        var scheduler = Self.make()
        scheduler.accept(Self.request(200), id: a)
        try step(&scheduler)
        #expect(scheduler.pool.freeCount == 12)
        #expect(scheduler.cancel(a)?.event == .finished(.cancelled))
        #expect(scheduler.cancel(a) == nil)
        #expect(scheduler.pool.freeCount == 16)
        #expect(scheduler.plan() == nil)
    }

    @Test func `tells how far each request has come`() throws {
        var scheduler = Self.make(rows: 100, runs: 2)
        scheduler.accept(Self.request(80), id: a)
        scheduler.accept(Self.request(80), id: b)
        scheduler.accept(
            GenerationRequest(prompt: [1], samples: 2, maxTokens: 5, priority: 3), id: c)
        try step(&scheduler)
        let expected: [(RequestID, RequestProgress.Phase, Int, Int, Int)] = [
            (a, .decode, 0, 80, 1), (b, .prefill, 0, 20, 0), (c, .waiting(position: 1), 3, 0, 0),
            (c.sample(1), .waiting(position: 2), 3, 0, 0),
        ]
        #expect(
            scheduler.progress
                == expected.map {
                    RequestProgress(id: $0, phase: $1, priority: $2, promptComputed: $3, outputTokens: $4)
                })
    }

    @Test func `fills a batch with tokens, tables and the rows that sample`() throws {
        var scheduler = Self.make()
        scheduler.accept(
            GenerationRequest(prompt: (0..<70).map { Int32($0) }, maxTokens: 5), id: a)
        try step(&scheduler, token: 7)
        scheduler.accept(GenerationRequest(prompt: (100..<180).map { Int32($0) }, maxTokens: 5), id: b)
        let planned = scheduler.plan()
        let plan = try #require(planned)
        var batch = Batch(capacity: BatchCapacity(rows: 256, runs: 8, logitRows: 8))
        scheduler.fill(&batch, for: plan)
        #expect(batch.tokens == [7] + (100..<164).map { Int32($0) })
        #expect(batch.runs.map(\.rows) == [0..<1, 1..<65])
        #expect(batch.runs.map(\.firstPosition) == [70, 0])
        #expect(batch.logitRows == [0])
        #expect(Array(batch.blockTable[batch.runs[0].blocks]) == scheduler.running[0].table.blocks)
        #expect(Array(batch.blockTable[batch.runs[1].blocks]) == [scheduler.running[1].table.blocks[0]])
    }
}

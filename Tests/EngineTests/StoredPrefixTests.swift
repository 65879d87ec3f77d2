import Engine
import Model
import Testing

/// What requests have of blocks that a store keeps.
struct StoredPrefixTests {
    private static let key = PrefixKey(low: 1, high: 2)
    private let a = RequestID(1)
    private let b = RequestID(2)

    private static func prompt(_ count: Int, seed: Int32 = 0) -> [Int32] {
        (0..<Int32(count)).map { $0 * 31 % 97 + 100 * seed }
    }

    /// Of the full blocks of a prompt.
    private static func names(_ prompt: [Int32]) -> [PrefixHash] {
        var names: [PrefixHash] = []
        for first in stride(from: 0, through: prompt.count - 64, by: 64) {
            let parent = names.last ?? PrefixHash(scope: "", key: key)
            names.append(PrefixHash(parent, prompt[first..<first + 64], key: key))
        }
        return names
    }

    private static func make(blocks: Int = 16, stored: some Sequence<PrefixHash> = []) -> Scheduler {
        Scheduler(
            blocks: blocks, capacity: BatchCapacity(rows: 512, runs: 8, logitRows: 8), contextLength: 1024,
            prefixKey: key, stored: Set(stored))
    }

    private func plan(_ scheduler: inout Scheduler) throws -> StepPlan {
        let planned = scheduler.plan()
        let plan = try #require(planned)
        try scheduler.checkIntegrity()
        return plan
    }

    @discardableResult
    private func commit(_ scheduler: inout Scheduler, _ plan: StepPlan) throws -> [RequestEvent] {
        let outcomes = plan.runs.filter { $0.output != nil }.map { _ in RowOutcome.token(SampledToken(id: 7)) }
        let events = scheduler.commit(plan, outcomes)
        try scheduler.checkIntegrity()
        return events
    }

    private func finish(_ scheduler: inout Scheduler) throws {
        while !scheduler.isEmpty { try commit(&scheduler, try plan(&scheduler)) }
    }

    @Test func `waits for the store, and computes what it does not have`() throws {
        let prompt = Self.prompt(200)
        var scheduler = Self.make(stored: Self.names(prompt).prefix(2))
        scheduler.accept(GenerationRequest(prompt: prompt, maxTokens: 1), id: a)
        let asking = try plan(&scheduler)
        #expect(asking.runs.isEmpty && asking.admitted == [a])
        #expect(asking.restores.map(\.name) == Array(Self.names(prompt).prefix(2)))
        #expect(asking.restores.map(\.tokens) == [Array(prompt[..<64]), Array(prompt[64..<128])])
        #expect(scheduler.plan() == nil, "until the store answers there is nothing to do")

        scheduler.settle(asking.restores[0], isThere: true)
        #expect(scheduler.plan() == nil)
        scheduler.settle(asking.restores[1], isThere: true)
        let computing = try plan(&scheduler)
        #expect(computing.runs.map(\.positions) == [128..<200] && computing.restores.isEmpty)
        let events = try commit(&scheduler, computing)
        #expect(events.first?.event == .prefill(computed: 200, total: 200, cached: 128))
    }

    @Test func `computes what the store could not give, and asks no more for it`() throws {
        let prompt = Self.prompt(200)
        var scheduler = Self.make(stored: Self.names(prompt))
        scheduler.accept(GenerationRequest(prompt: prompt, maxTokens: 1), id: a)
        let asking = try plan(&scheduler)
        scheduler.settle(asking.restores[0], isThere: false)
        scheduler.settle(asking.restores[1], isThere: true)
        scheduler.settle(asking.restores[2], isThere: true)
        let first = try plan(&scheduler)
        #expect(first.runs.map(\.positions) == [0..<64])
        try commit(&scheduler, first)
        let second = try plan(&scheduler)
        #expect(second.runs.map(\.positions) == [192..<200])
        let events = try commit(&scheduler, second)
        #expect(events.first?.event == .prefill(computed: 200, total: 200, cached: 128))
    }

    @Test func `two that need the same wait for one restore, and others go on`() throws {
        let prompt = Self.prompt(100)
        var scheduler = Self.make(stored: Self.names(prompt))
        for id in [a, b] { scheduler.accept(GenerationRequest(prompt: prompt + [Int32(id.number)]), id: id) }
        scheduler.accept(GenerationRequest(prompt: Self.prompt(30, seed: 4)), id: RequestID(3))
        let asking = try plan(&scheduler)
        #expect(asking.restores.count == 1 && asking.runs.map(\.request) == [RequestID(3)])
        try commit(&scheduler, asking)
        scheduler.settle(asking.restores[0], isThere: true)
        // Beside one that decodes, prompts get 64 rows.
        #expect(try plan(&scheduler).runs.map(\.positions) == [30..<31, 64..<101, 64..<91])
    }

    @Test func `what comes for one who has left is not taken`() throws {
        let prompt = Self.prompt(100)
        var scheduler = Self.make(blocks: 2, stored: Self.names(prompt))
        scheduler.accept(GenerationRequest(prompt: prompt), id: a)
        let old = try plan(&scheduler).restores[0]
        #expect(scheduler.awaits(old))
        #expect(scheduler.cancel(a) != nil)
        #expect(!scheduler.awaits(old))
        scheduler.accept(GenerationRequest(prompt: prompt), id: b)
        let new = try plan(&scheduler).restores[0]
        #expect(new.block == old.block && new.name == old.name)
        #expect(!scheduler.awaits(old) && scheduler.awaits(new), "the first answer is for the first question")
        scheduler.settle(old, isThere: true)
        #expect(scheduler.plan() == nil)
        scheduler.settle(new, isThere: true)
        #expect(try plan(&scheduler).runs.map(\.positions) == [64..<100])
    }

    @Test func `evicted blocks are kept, and come back between others`() throws {
        var scheduler = Self.make(blocks: 5)
        let prompt = Self.prompt(200)
        scheduler.accept(GenerationRequest(prompt: prompt, maxTokens: 1), id: a)
        try finish(&scheduler)
        #expect(scheduler.pool.unsavedCount == 3)
        // Four blocks: the free two, and two of the idle three, the last of the prefix first.
        scheduler.accept(GenerationRequest(prompt: Self.prompt(193, seed: 1), maxTokens: 1), id: b)
        let evicting = try plan(&scheduler)
        let names = Self.names(prompt)
        #expect(evicting.saves.map(\.name) == [names[2], names[1]] && evicting.saves.allSatisfy { !$0.isStored })
        #expect(evicting.saves.map(\.tokens) == [Array(prompt[128..<192]), Array(prompt[64..<128])])
        try commit(&scheduler, evicting)
        names.dropFirst().forEach { scheduler.learn($0) }

        scheduler.accept(GenerationRequest(prompt: prompt, maxTokens: 1), id: a)
        let asking = try plan(&scheduler)
        #expect(asking.restores.map(\.name) == [names[1], names[2]] && asking.runs.isEmpty)
        // Room for the second was made by what the other request left.
        #expect(asking.saves.first?.block == asking.restores.last?.block)
        asking.restores.forEach { scheduler.settle($0, isThere: true) }
        #expect(try plan(&scheduler).runs.map(\.positions) == [192..<200])
    }

    @Test func `idle blocks are offered once, and not when the store has them`() throws {
        let prompt = Self.prompt(200)
        var scheduler = Self.make(stored: Self.names(prompt).suffix(1))
        scheduler.accept(GenerationRequest(prompt: prompt, maxTokens: 1), id: a)
        try finish(&scheduler)
        let first = scheduler.takeUnsaved(limit: 1), second = scheduler.takeUnsaved(limit: 9)
        #expect(first.map(\.name) == [Self.names(prompt)[1]] && second.map(\.name) == [Self.names(prompt)[0]])
        #expect(scheduler.takeUnsaved(limit: 9).isEmpty)
    }

    @Test func `another scope has names of its own`() throws {
        let prompt = Self.prompt(100)
        var scheduler = Self.make(stored: Self.names(prompt))
        scheduler.accept(GenerationRequest(prompt: prompt, cacheSalt: "mine"), id: a)
        let computing = try plan(&scheduler)
        #expect(computing.restores.isEmpty && computing.runs.map(\.positions) == [0..<100])
    }
}

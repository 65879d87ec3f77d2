import Engine
import Model
import Testing

/// What each tenant gets of a machine that several want.
struct FairShareTests {
    /// The scheduler, with what each tenant got so far.
    private struct Machine {
        var scheduler: Scheduler
        private var tenants: [RequestID: Tenant] = [:]
        private var nextID: UInt64 = 1
        private(set) var steps = 0
        /// Step of the first token.
        private(set) var firstTokens: [RequestID: Int] = [:]
        /// Prompt and output tokens.
        private(set) var served: [String: Int] = [:]
        private(set) var ended: [String: Int] = [:]
        private(set) var preempted: [RequestID] = []

        init(blocks: Int = 4_096, rows: Int = 64, runs: Int = 8, admission: AdmissionPolicy = .optimistic) {
            scheduler = Scheduler(
                blocks: blocks, capacity: BatchCapacity(rows: rows, runs: runs, logitRows: runs), contextLength: 8_192,
                sharesPrefixes: false, admission: admission)
        }

        @discardableResult
        mutating func ask(
            _ tenant: Tenant, prompt: Int, output: Int, maxTokens: Int? = nil, samples: Int = 1, priority: Int = 0
        ) -> RequestID {
            let id = RequestID(nextID)
            // The tokens that are drawn count up; the one that ends the text is its length.
            let request = GenerationRequest(
                prompt: Array(repeating: 1, count: prompt), samples: samples, maxTokens: maxTokens ?? output,
                stopTokens: maxTokens == nil ? [] : [Int32(output)], priority: priority, tenant: tenant)
            for sample in 0..<samples { tenants[id.sample(sample)] = tenant }
            nextID += UInt64(samples)
            scheduler.accept(request, id: id)
            return id
        }

        /// False when there is nothing to do.
        mutating func step() throws -> Bool {
            guard let plan = scheduler.plan() else { return false }
            try scheduler.checkIntegrity()
            preempted += plan.preempted
            for run in plan.runs { served[tenants[run.request]?.name ?? "", default: 0] += run.positions.count }
            let outcomes = plan.runs.compactMap { run in
                run.output.map { RowOutcome.token(SampledToken(id: Int32($0))) }
            }
            for event in scheduler.commit(plan, outcomes) {
                switch event.event {
                case .token: firstTokens[event.request] = firstTokens[event.request] ?? steps
                case .finished: ended[tenants[event.request]?.name ?? "", default: 0] += 1
                case .prefill, .scored, .vector: break
                }
            }
            steps += 1
            return true
        }

        mutating func run(_ count: Int) throws {
            for _ in 0..<count where try !step() { return }
        }
    }

    private let busy = Tenant(name: "busy")
    private let other = Tenant(name: "other")

    @Test(arguments: [1, 7, 40, 300])
    func `J55 one request beside a thousand of another tenant has its first token within two steps`(_ head: Int) throws
    {
        var machine = Machine()
        for _ in 0..<1_000 { machine.ask(busy, prompt: 100, output: 30) }
        try machine.run(head)
        let arrival = machine.steps
        let id = machine.ask(other, prompt: 30, output: 5)
        try machine.run(3)
        let first = try #require(machine.firstTokens[id])
        #expect(first - arrival < 2)
        #expect(machine.scheduler.waitingByTenant["busy"] ?? 0 > 600)
    }

    @Test func `a prompt of many steps leaves others their part of each`() throws {
        var machine = Machine()
        let long = machine.ask(busy, prompt: 4_000, output: 5)
        try machine.run(2)
        let id = machine.ask(other, prompt: 90, output: 2)
        let arrival = machine.steps
        try machine.run(70)
        // 32 rows of 64 are its share.
        #expect(try #require(machine.firstTokens[id]) - arrival < 3)
        // And what it leaves is the other's: 4,000 tokens are 63 steps alone.
        #expect(try #require(machine.firstTokens[long]) <= 66)
    }

    @Test func `a pool that is full makes room for who has none of it`() throws {
        var machine = Machine(blocks: 24)
        for _ in 0..<50 { machine.ask(busy, prompt: 150, output: 30) }
        try machine.run(30)
        #expect(machine.scheduler.pool.freeCount < 3)
        let arrival = machine.steps
        let id = machine.ask(other, prompt: 150, output: 30)
        try machine.run(300)
        // Its 150 tokens are five steps of 32 rows.
        #expect(try #require(machine.firstTokens[id]) - arrival < 7)
        #expect(machine.ended == ["busy": 50, "other": 1])
    }

    @Test func `under reservation nobody loses blocks, and the newcomer is the next to get some`() throws {
        var machine = Machine(blocks: 24, admission: .reservation)
        for _ in 0..<50 { machine.ask(busy, prompt: 150, output: 30) }
        try machine.run(30)
        let id = machine.ask(other, prompt: 150, output: 30)
        #expect(machine.scheduler.waitingIDs.first == id)
        try machine.run(1_000)
        #expect(machine.preempted.isEmpty && machine.ended == ["busy": 50, "other": 1])
    }

    @Test(arguments: [1.0, 3.0, 0.5])
    func `two that always want more share tokens by weight`(_ weight: Double) throws {
        let other = Tenant(name: "other", weight: weight)
        var machine = Machine()
        // Many short answers beside few long ones, and one of the two asks for far more than it uses.
        func run(_ steps: Int) throws {
            for _ in 0..<steps {
                while machine.scheduler.waitingByTenant["busy", default: 0] < 32 {
                    machine.ask(busy, prompt: 20, output: 10, maxTokens: 4_000)
                }
                while machine.scheduler.waitingByTenant["other", default: 0] < 32 {
                    machine.ask(other, prompt: 150, output: 50)
                }
                _ = try machine.step()
            }
        }
        try run(1_000)
        let before = machine.served
        try run(3_000)
        let ofBusy = Double(try #require(machine.served["busy"]) - (before["busy"] ?? 0))
        let ofOther = Double(try #require(machine.served["other"]) - (before["other"] ?? 0))
        #expect((0.75...1.33).contains(ofOther / ofBusy / weight), "\(ofOther) and \(ofBusy) tokens")
        #expect(machine.scheduler.waitingByTenant.count == 2)
    }

    @Test func `samples count like requests`() throws {
        var machine = Machine()
        for _ in 0..<200 {
            machine.ask(busy, prompt: 30, output: 20, samples: 8)
            machine.ask(other, prompt: 30, output: 20)
        }
        try machine.run(400)
        let busy = try #require(machine.served["busy"])
        let other = try #require(machine.served["other"])
        #expect((0.75...1.33).contains(Double(busy) / Double(other)), "\(busy) and \(other) tokens")
    }

    @Test func `who was away has no claim to what it did not use`() throws {
        var machine = Machine()
        machine.ask(other, prompt: 30, output: 5)
        for _ in 0..<400 { machine.ask(busy, prompt: 30, output: 20) }
        try machine.run(300)
        for _ in 0..<400 { machine.ask(other, prompt: 30, output: 20) }
        let before = machine.ended
        try machine.run(200)
        let busy = (machine.ended["busy"] ?? 0) - (before["busy"] ?? 0)
        let other = (machine.ended["other"] ?? 0) - (before["other"] ?? 0)
        #expect(busy > 20 && Double(other) < 1.5 * Double(busy), "\(busy) and \(other)")
    }

    @Test func `a batch of one tenant yields to what others want now`() throws {
        var machine = Machine()
        for _ in 0..<20 { machine.ask(other, prompt: 100, output: 20, priority: 100) }
        try machine.run(10)
        let id = machine.ask(busy, prompt: 30, output: 5)
        let arrival = machine.steps
        try machine.run(3)
        #expect(try #require(machine.firstTokens[id]) - arrival < 2)
    }

    @Test func `tenants are forgotten when they have nothing here`() throws {
        var machine = Machine(runs: 4)
        // One that never ends keeps the class alive.
        machine.ask(busy, prompt: 10, output: 8_000)
        for number in 0..<2_000 {
            machine.ask(Tenant(name: "tenant \(number)"), prompt: 5, output: 2)
            try machine.run(3)
        }
        #expect(machine.scheduler.running.count <= 2)
        #expect(machine.scheduler.tenantCount <= 130)
    }
}

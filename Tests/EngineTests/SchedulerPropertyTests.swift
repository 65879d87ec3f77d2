import Engine
import Foundation
import Model
import Testing

/// Random arrivals, samples, departures, deadlines and failures of a disk on the real scheduler over a pool that is too small,
/// with a model that notices every misplaced block.
struct SchedulerPropertyTests {
    private static let tenants = [
        Tenant.nobody, Tenant(name: "one"), Tenant(name: "two", weight: 3), Tenant(name: "three", weight: 0.25),
    ]

    private struct Client {
        let request: GenerationRequest
        /// Samples of a request differ in which token they take.
        let sample: Int
        var text: [Int32] = []
        /// Logits of the tokens of its prompt that it wanted scored.
        var scores: [Float] = []
        var finish: FinishReason?
    }

    private struct World {
        var random: SeededRandom
        let model: ScriptedModel
        let admission: AdmissionPolicy
        var scheduler: Scheduler
        var batch: Batch
        var clients: [RequestID: Client] = [:]
        var now = ContinuousClock.now
        var preemptions = 0
        var cached = 0
        var copies = 0
        var (guesses, rightGuesses) = (0, 0)
        /// Tokens that the model looks back at: one in three worlds repeats itself.
        let memory: Int
        /// In every other world.
        var disk: FickleDisk?
        /// In two of three worlds.
        var drafter: Drafter?
        /// Guesses of the draft model that are right, of 8.
        let insight: Int
        var modelGuesses: [DraftOutcome] = []
        /// 1 where there are several tenants.
        let isShared: Int
        /// What requests have for a priority; in one of three worlds all are batch work.
        let priorities: [Int]
        var brokenOff = 0

        init(seed: UInt64) {
            var random = SeededRandom(seed: seed)
            admission = Int.random(in: 0..<4, using: &random) > 0 ? .optimistic : .reservation
            let runs = Int.random(in: 1...8, using: &random)
            let capacity = BatchCapacity(
                rows: Int.random(in: runs...96, using: &random), runs: runs,
                logitRows: runs + Int.random(in: 0...12, using: &random))
            memory = Int.random(in: 0..<3, using: &random) > 0 ? .max : 2
            model = ScriptedModel(
                vocabularySize: 32, contextLength: 256, blocks: Int.random(in: 4...9, using: &random),
                capacity: capacity, memory: memory)
            insight = [0, 4, 8][Int.random(in: 0..<3, using: &random)]
            if Int.random(in: 0..<3, using: &random) > 0 { drafter = Self.drafter(memory: memory, random: &random) }
            scheduler = Scheduler(
                blocks: model.blockCount, capacity: capacity, contextLength: 256,
                sharesPrefixes: Int.random(in: 0..<4, using: &random) > 0, admission: admission,
                speculates: Int.random(in: 0..<4, using: &random) > 0,
                draftLimit: drafter == nil ? 0 : Int.random(in: 1...6, using: &random),
                stored: Bool.random(using: &random) ? [] : nil)
            if scheduler.hasStore { disk = FickleDisk(random: &random) }
            batch = Batch(capacity: capacity)
            isShared = Int.random(in: 0..<3, using: &random) > 0 ? 1 : 0
            let batch = RequestOrder.batchPriority
            priorities = Int.random(in: 0..<3, using: &random) > 0 ? [0, 0, batch] : [batch]
            self.random = random
        }

        /// Of the same mind as the model, often with less room.
        private static func drafter(memory: Int, random: inout SeededRandom) -> Drafter {
            let runs = Int.random(in: 1...16, using: &random)
            let capacity = BatchCapacity(rows: Int.random(in: runs...64, using: &random), runs: runs, logitRows: runs)
            let contextLength = [100, 256][Int.random(in: 0..<2, using: &random)]
            return Drafter(
                model: ScriptedModel(
                    vocabularySize: 32, contextLength: contextLength, blocks: Int.random(in: 1...9, using: &random),
                    capacity: capacity, memory: memory))
        }

        mutating func arrive() {
            let prompt = prompt()
            let stop = Bool.random(using: &random) ? [Int32.random(in: 0..<32, using: &random)] : []
            let late = Int.random(in: 0..<8, using: &random) == 0
            let request = GenerationRequest(
                prompt: prompt, samples: max(1, Int.random(in: -3...4, using: &random)),
                maxTokens: Int.random(in: 0...120, using: &random), stopTokens: stop,
                priority: priorities[Int.random(in: 0..<priorities.count, using: &random)],
                tenant: SchedulerPropertyTests.tenants[Int.random(in: 0..<4, using: &random) * isShared],
                deadline: late ? now + .seconds(Int.random(in: 0..<60, using: &random)) : nil,
                scoring: Int.random(in: 0..<3, using: &random) > 0
                    ? nil : PromptScoring(first: Int.random(in: 1...prompt.count, using: &random)),
                cacheSalt: Int.random(in: 0..<8, using: &random) == 0 ? "salt" : "")
            let id = RequestID(UInt64(clients.count))
            for sample in 0..<request.samples {
                clients[id.sample(sample)] = Client(request: request, sample: sample)
            }
            scheduler.accept(request, id: id)
        }

        /// A beginning that others may have too, and an end of its own.
        private mutating func prompt() -> [Int32] {
            let stem = Int32.random(in: 0..<3, using: &random)
            let common = (0..<Int32.random(in: 0...150, using: &random)).map { ($0 * (stem + 5) + stem) % 32 }
            let own = (0..<Int.random(in: common.isEmpty ? 1...150 : 0...20, using: &random))
                .map { _ in Int32.random(in: 0..<32, using: &random) }
            return common + own
        }

        mutating func cancelSomeone() {
            cancel(RequestID(UInt64.random(in: 0...UInt64(clients.count), using: &random)))
        }

        mutating func cancel(_ id: RequestID) {
            if let event = scheduler.cancel(id) { take([event]) }
        }

        mutating func step() throws {
            now += .seconds(1)
            take(scheduler.expire(now: now))
            if var disk {
                disk.turn(&scheduler, model)
                self.disk = disk
            }
            try scheduler.checkIntegrity()
            guard var plan = scheduler.plan() else {
                #expect(scheduler.isEmpty || disk?.isReading == true, "work waits, but there is no plan")
                return
            }
            if var disk {
                disk.serve(plan, model)
                self.disk = disk
            }
            try scheduler.checkIntegrity()
            #expect(plan.rowCount <= model.capacity.rows && plan.runs.count <= model.capacity.runs)
            preemptions += plan.preempted.count
            #expect(plan.preempted.isEmpty || admission == .optimistic)
            checkOrder()
            checkCounts()
            copy(plan)
            guard !plan.runs.isEmpty else {
                // Who a copy was for may have left before the step.
                let isAllowed = scheduler.isEmpty || disk?.isReading == true
                #expect(isAllowed, "work waits, but nothing runs: \(plan)")
                return
            }
            guess(&plan)
            #expect(plan.rowCount <= model.capacity.rows)
            scheduler.fill(&batch, for: plan)
            guard let logits = forward(plan) else { return try scheduler.checkIntegrity() }
            #expect(batch.logitRows.count <= model.capacity.logitRows)
            take(scheduler.commit(plan, outcomes(of: plan, logits)))
            guesses += plan.draftCount
            rightGuesses += scheduler.acceptedCount
            modelGuesses += scheduler.drafts.filter { $0.source == .model }
            scheduler.observe(plan, took: .milliseconds(Int.random(in: 1...200, using: &random)))
            try scheduler.checkIntegrity()
        }

        /// Every other step that may be broken off is, before one of its rows.
        private mutating func forward(_ plan: StepPlan) -> Logits? {
            let isBroken = scheduler.mayBreakOff(plan) && Bool.random(using: &random)
            var rows = isBroken ? Int.random(in: 0..<plan.rowCount, using: &random) : .max
            let logits = model.forward(batch) {
                rows -= 1
                return rows >= 0
            }
            #expect((logits == nil) == isBroken)
            if isBroken {
                scheduler.takeBack(plan)
                brokenOff += 1
            }
            return logits
        }

        /// The draft model's own row, or a token that is wrong.
        private mutating func guess(_ plan: inout StepPlan) {
            guard let drafter else { return }
            var random = random
            drafter.guess(&plan, for: scheduler.running) { row, id, _ in
                guard let client = clients[id] else { return nil }
                let isRight = Int.random(in: 0..<8, using: &random) < insight
                let logits = (0..<row.count).map { row.values[$0] }
                return .given(ScriptedModel.token(client.sample + (isRight ? 0 : 1), of: logits), row)
            }
            self.random = random
        }

        private func outcomes(of plan: StepPlan, _ logits: Logits) -> [RowOutcome] {
            var outcomes: [RowOutcome] = []
            for run in plan.runs {
                guard let client = clients[run.request] else { continue }
                for position in run.scored {
                    let id = client.request.prompt[position]
                    let score = logits[outcomes.count].values[Int(id)]
                    outcomes.append(.token(SampledToken(id: id, logprob: score)))
                }
                for _ in 0..<run.sampleCount {
                    let row = logits[outcomes.count]
                    let token = ScriptedModel.token(client.sample, of: (0..<row.count).map { row.values[$0] })
                    outcomes.append(.token(SampledToken(id: token)))
                }
            }
            #expect(outcomes.count == logits.rowCount)
            return outcomes
        }

        /// By priority, place and age; of one priority and tenant by age, those that run before those that wait.
        private func checkOrder() {
            let (running, waiting) = (scheduler.running.map(\.order), scheduler.waitingOrders)
            #expect(zip(running, running.dropFirst()).allSatisfy { $0 < $1 })
            #expect(zip(waiting, waiting.dropFirst()).allSatisfy { $0 < $1 })
            var last: [String: RequestID] = [:]
            for order in running + waiting {
                guard let request = clients[order.id]?.request else { continue }
                #expect(order.priority == request.priority)
                let line = "\(request.priority) \(request.tenant.name)"
                #expect(last[line].map { $0 < order.id } ?? true)
                last[line] = order.id
            }
        }

        /// Those that wait are counted for their tenants.
        private func checkCounts() {
            var counts: [String: Int] = [:]
            for id in scheduler.waitingIDs {
                guard let name = clients[id]?.request.tenant.name, !name.isEmpty else { continue }
                counts[name, default: 0] += 1
            }
            #expect(counts == scheduler.waitingByTenant)
        }

        private mutating func copy(_ plan: StepPlan) {
            for copy in plan.copies {
                #expect(copy.source != copy.target)
                model.copyBlock(copy.source, to: copy.target)
            }
            copies += plan.copies.count
        }

        private mutating func take(_ events: [RequestEvent]) {
            for event in events {
                #expect(clients[event.request]?.finish == nil, "an event after the last")
                switch event.event {
                case .prefill(let computed, let total, let cached):
                    #expect(0 <= cached && cached < computed && computed <= total)
                    if computed == total { self.cached += cached }
                case .scored(let scores): clients[event.request]?.scores += scores.map(\.logprob)
                case .vector: Issue.record("nobody asked for a vector")
                case .token(let token): clients[event.request]?.text.append(token.id)
                case .finished(let reason):
                    clients[event.request]?.finish = reason
                    drafter?.forget(event.request)
                }
            }
        }

        /// Every text is the one the request has alone; every ending has its cause.
        func check() {
            for client in clients.values {
                let request = client.request
                let limit = min(request.maxTokens, 256 - request.prompt.count)
                let alone = ScriptedModel.text(
                    after: request.prompt, count: limit, rank: client.sample, vocabularySize: 32, memory: memory)
                let end = alone.firstIndex { request.stopTokens.contains($0) }
                let scores = ScriptedModel.scores(
                    of: request.prompt, from: client.sample > 0 ? .max : request.scoring?.first ?? .max, memory: memory)
                let hasAll = client.finish == .length || !client.text.isEmpty
                #expect(hasAll ? client.scores == scores : scores.starts(with: client.scores))
                switch client.finish {
                case .stop(let token):
                    #expect(token == end.map { alone[$0] } && client.text == Array(alone.prefix(end ?? 0)))
                case .length: #expect(end == nil && client.text == alone)
                case .deadline: #expect(request.deadline != nil && alone.starts(with: client.text))
                case .cancelled: #expect(alone.starts(with: client.text))
                case nil, .complete, .deadEnd, .withdrawn, .numericalError, .shutdown:
                    Issue.record("never ended: \(request)")
                }
            }
        }
    }

    /// DROVER_SCHEDULES=10000 runs so many, from DROVER_FIRST_SCHEDULE on.
    private static let seeds: Range<Int> = {
        let number = { ProcessInfo.processInfo.environment[$0].flatMap { Int($0) } }
        let first = number("DROVER_FIRST_SCHEDULE") ?? 0
        return first..<first + (number("DROVER_SCHEDULES") ?? 150)
    }()

    @Test(arguments: seeds) func `every schedule gives every request its own text`(seed: Int) throws {
        var world = World(seed: UInt64(seed))
        for _ in 0..<200 {
            switch Int.random(in: 0..<16, using: &world.random) {
            case 0..<3: world.arrive()
            case 3: world.cancelSomeone()
            default: break
            }
            try world.step()
        }
        var steps = 0
        while !world.scheduler.isEmpty, steps < 100_000 {
            try world.step()
            steps += 1
        }
        world.check()
        #expect(world.scheduler.pool.freeCount == world.model.blockCount)
        #expect(world.drafter.map { $0.pool.heldCount == 0 } ?? true)
        #expect(world.scheduler.tenantCount == 0 && world.scheduler.waitingByTenant.isEmpty)
    }

    @Test func `the schedules do preempt`() throws {
        var preemptions = 0
        for seed in 0..<20 {
            var world = World(seed: UInt64(seed))
            for _ in 0..<20 { world.arrive() }
            while !world.scheduler.isEmpty { try world.step() }
            world.check()
            preemptions += world.preemptions
        }
        #expect(preemptions > 20)
    }

    @Test func `the schedules do break off steps, never two in a row`() throws {
        var brokenOff = 0
        for seed in 0..<20 {
            var world = World(seed: UInt64(seed))
            for _ in 0..<20 { world.arrive() }
            while !world.scheduler.isEmpty {
                let before = world.brokenOff
                try world.step()
                if world.brokenOff > before { try world.step() }
                #expect(world.brokenOff <= before + 1)
            }
            world.check()
            brokenOff += world.brokenOff
        }
        #expect(brokenOff > 100)
    }

    @Test func `the schedules do guess, rightly and wrongly`() throws {
        var (guesses, right) = (0, 0)
        for seed in 0..<20 {
            var world = World(seed: UInt64(seed))
            for _ in 0..<6 { world.arrive() }
            while !world.scheduler.isEmpty { try world.step() }
            world.check()
            guesses += world.guesses
            right += world.rightGuesses
        }
        #expect(right > 50 && guesses - right > 50, "\(right) of \(guesses)")
    }

    @Test func `the schedules do ask a draft model, and it is right when it knows`() throws {
        var (drafted, accepted, wise, known) = (0, 0, 0, 0)
        for seed in 0..<60 {
            var world = World(seed: UInt64(seed))
            for _ in 0..<6 { world.arrive() }
            while !world.scheduler.isEmpty { try world.step() }
            world.check()
            for outcome in world.modelGuesses {
                drafted += outcome.drafted
                accepted += outcome.accepted
                guard world.insight == 8 else { continue }
                wise += outcome.drafted
                known += outcome.accepted
            }
        }
        #expect(accepted > 200 && drafted - accepted > 50, "\(accepted) of \(drafted)")
        // The last guesses may lie behind the end of the text.
        #expect(known > 200 && wise - known < known / 10, "\(known) of \(wise)")
    }

    @Test func `the schedules do restore, and do fail to`() throws {
        var (restored, failed, late, removed) = (0, 0, 0, 0)
        for seed in 0..<80 {
            var world = World(seed: UInt64(seed))
            for number in 0..<40 {
                world.arrive()
                if number % 3 == 0, world.disk?.isReading == true, let last = world.scheduler.running.last {
                    world.cancel(last.id)
                }
                try world.step()
            }
            while !world.scheduler.isEmpty { try world.step() }
            world.check()
            guard let disk = world.disk else { continue }
            restored += disk.restored
            failed += disk.failed
            late += disk.late
            removed += disk.removed
        }
        #expect(restored > 50 && failed > 5 && late > 0 && removed > 20, "\(restored) \(failed) \(late) \(removed)")
    }

    @Test func `the schedules do share, and do part`() throws {
        var (cached, copies) = (0, 0)
        for seed in 0..<20 {
            var world = World(seed: UInt64(seed))
            for _ in 0..<20 { world.arrive() }
            while !world.scheduler.isEmpty { try world.step() }
            cached += world.cached
            copies += world.copies
        }
        #expect(cached > 2_000 && copies > 20)
    }
}

import Engine
import Foundation
import Model

/// The real scheduler, pool and prefix index under a trace of requests, with a clock that a model of the step time
/// moves. What the scheduler itself takes is measured on the real clock.
struct ScheduleSimulation {
    /// What clients ask for.
    struct Trace {
        var requests: Int
        /// Arrivals a second, at random; all at once where it is nil.
        var rate: Double?
        /// Beginnings of prompts, and how many tokens each has.
        var prefixes: Int
        var prefixTokens: Int
        /// Mean numbers of tokens, geometrically distributed.
        var promptTokens: Double
        var outputTokens: Double
        /// The first of them sends half of all requests, the others the rest.
        var tenants: Int
        var seed: UInt64
    }

    /// How long a step takes: as long as reading the weights, or as computing its rows.
    struct Machine {
        var step: Duration
        var row: Duration

        func time(of plan: StepPlan) -> Duration { max(step, row * plan.rowCount) }
    }

    private struct Client {
        var isOfFirst: Bool
        var arrival: Duration
        var firstToken: Duration?
        var lastToken = Duration.zero
    }

    private let trace: Trace
    private let machine: Machine
    private var scheduler: Scheduler
    private var batch: Batch
    private var random: SeededNumbers
    private var clients: [RequestID: Client] = [:]
    private var now = Duration.zero
    private var arrived = 0
    private var nextArrival = Duration.zero
    private(set) var report = ScheduleReport()

    init(
        trace: Trace, machine: Machine, blocks: Int, capacity: BatchCapacity, contextLength: Int,
        admission: AdmissionPolicy, sharesPrefixes: Bool
    ) {
        self.trace = trace
        self.machine = machine
        scheduler = Scheduler(
            blocks: blocks, capacity: capacity, contextLength: contextLength, sharesPrefixes: sharesPrefixes,
            admission: admission)
        batch = Batch(capacity: capacity)
        random = SeededNumbers(seed: trace.seed)
        self.contextLength = contextLength
    }

    private let contextLength: Int

    /// Runs until every request has ended.
    mutating func run() {
        while arrived < trace.requests || !scheduler.isEmpty {
            while arrived < trace.requests, nextArrival <= now { arrive() }
            let clock = ContinuousClock()
            let start = clock.now
            guard let plan = scheduler.plan() else {
                now = max(now, nextArrival)
                continue
            }
            scheduler.fill(&batch, for: plan)
            let planning = clock.now - start
            let time = machine.time(of: plan)
            now += time
            let outcomes = outcomes(of: plan)
            let running = scheduler.running.count
            let middle = clock.now
            let events = scheduler.commit(plan, outcomes)
            scheduler.observe(plan, took: time)
            report.add(plan, running: running, cost: planning + (clock.now - middle))
            for event in events { take(event) }
        }
        report.elapsed = now
    }

    private mutating func arrive() {
        let id = RequestID(UInt64(arrived))
        arrived += 1
        let tenant = tenant()
        clients[id] = Client(isOfFirst: tenant == 0, arrival: nextArrival)
        scheduler.accept(request(of: tenant), id: id)
        if let rate = trace.rate { nextArrival += .seconds(random.exponential(mean: 1 / rate)) }
    }

    private mutating func tenant() -> Int {
        guard trace.tenants > 1, random.number(below: 2) == 0 else { return 0 }
        return 1 + random.number(below: trace.tenants - 1)
    }

    /// One of the common beginnings, and an end of its own.
    private mutating func request(of tenant: Int) -> GenerationRequest {
        let stem = trace.prefixes == 0 ? 0 : random.number(below: trace.prefixes)
        let room = contextLength - 2
        let common = (0..<min(trace.prefixTokens, room / 2)).map { Int32(truncatingIfNeeded: (stem + 1) * 7919 + $0) }
        let length = min(random.length(mean: trace.promptTokens), room - common.count)
        let own = (0..<length).map { _ in token() }
        return GenerationRequest(
            prompt: common.map { $0 & 0xFFFF } + own,
            maxTokens: random.length(mean: trace.outputTokens),
            tenant: trace.tenants > 1 ? Tenant(name: "tenant \(tenant)") : .nobody)
    }

    private mutating func token() -> Int32 { Int32(truncatingIfNeeded: random.number(below: 1 << 16)) }

    private mutating func outcomes(of plan: StepPlan) -> [RowOutcome] {
        let count = plan.runs.reduce(0) { $0 + $1.logitCount }
        return (0..<count).map { _ in .token(SampledToken(id: token())) }
    }

    private mutating func take(_ event: RequestEvent) {
        guard var client = clients[event.request] else { return }
        switch event.event {
        case .prefill(let computed, let total, let cached):
            if computed == total { report.promptRead(total, cached: cached) }
        case .scored, .vector: break
        case .token:
            if client.firstToken == nil {
                client.firstToken = now
                report.firstToken.record(now - client.arrival)
                if trace.tenants > 1, !client.isOfFirst { report.firstTokenOfOthers.record(now - client.arrival) }
            } else {
                report.interToken.record(now - client.lastToken)
            }
            client.lastToken = now
            report.outputTokens += 1
        case .finished:
            report.total.record(now - client.arrival)
            clients[event.request] = nil
            return
        }
        clients[event.request] = client
    }
}

/// Random numbers that a seed repeats (SplitMix64).
private struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func number(below limit: Int) -> Int { Int(next() >> 11) % limit }

    mutating func exponential(mean: Double) -> Double {
        -mean * log(1 - Double(next() >> 11) * 0x1p-53)
    }

    /// At least 1.
    mutating func length(mean: Double) -> Int { 1 + Int(min(exponential(mean: max(0, mean - 1)), 1e9)) }
}

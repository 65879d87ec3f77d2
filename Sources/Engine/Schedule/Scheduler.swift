import DequeModule
package import Model

/// Decides which tokens of which requests each step feeds, and who holds which blocks.
///
/// A value: no I/O, no clock, no model. Of one priority and tenant, all requests that run are older than all that wait.
/// Only the last in order is preempted, so the first always gets on; a request is passed by few others (`FairShare`); with
/// `EngineError.exceedsPool` refused at the door every request ends.
///
/// Requests that begin alike share blocks. Who comes first computes them, the others wait for it or find them done; so
/// a request waits only for those before it, and the first for nobody. Samples of one prompt are requests side by side, the
/// first the oldest.
package struct Scheduler: Sendable {
    /// Requests without blocks, in their order.
    var waiting: Deque<ActiveRequest> = []
    /// Requests with blocks, in their order.
    package internal(set) var running: [ActiveRequest] = []
    package internal(set) var pool: BlockPool
    /// How many of the waiting ones belong to each tenant that has a name.
    package internal(set) var waitingByTenant: [String: Int] = [:]
    var shares = FairShare()
    /// What the last step's samples need before the next step.
    private var copies: [StepPlan.BlockCopy] = []
    let rowLimit: Int
    /// As many as can all decode in one step, so that none of them ever has to sit out.
    let runningLimit: Int
    /// Seconds that a step in which requests decode should take at most.
    let stepTarget: Double?
    var stepTimes: StepTimes
    private let contextLength: Int
    let sharesPrefixes: Bool
    private let prefixKey: PrefixKey
    let admission: AdmissionPolicy
    let speculates: Bool
    /// Tokens that the draft model guesses for a request in one step, at most; 0 without one.
    let draftLimit: Int
    let sampleLimit: Int
    /// The last step was; see `mayBreakOff`.
    var wasBrokenOff = false
    /// What was handed out last, kept for its memory.
    private var lastPlan = StepPlan()
    private var lastEvents: [RequestEvent] = []
    /// Guesses that the last commit found right.
    package private(set) var acceptedCount = 0
    /// What became of each guess that the last commit took in.
    package private(set) var drafts: [DraftOutcome] = []

    /// - Parameters:
    ///   - stepTarget: what a step in which requests decode should take at most; nil for what is learned to be worth it.
    ///   - sharesPrefixes: whether requests use what others have computed. Samples of one prompt always do.
    ///   - speculates: whether tokens are guessed where rows are free.
    ///   - draftLimit: how many of them a draft model guesses for a request, at most; 0 without one.
    ///   - prefixKey: of the names of prefixes; the block store's, where there is one.
    ///   - stored: what the block store has; nil where there is none.
    package init(
        blocks: Int, capacity: BatchCapacity, contextLength: Int, stepTarget: Duration? = nil,
        sharesPrefixes: Bool = true, admission: AdmissionPolicy = .optimistic, speculates: Bool = false,
        draftLimit: Int = 0, prefixKey: PrefixKey = .random(), stored: Set<PrefixHash>? = nil
    ) {
        pool = BlockPool(blocks: blocks, keepsIdle: sharesPrefixes, stored: stored)
        self.sharesPrefixes = sharesPrefixes
        self.prefixKey = prefixKey
        self.admission = admission
        self.speculates = speculates
        self.draftLimit = draftLimit
        sampleLimit = min(capacity.rows, capacity.logitRows)
        rowLimit = capacity.rows
        runningLimit = min(capacity.rows, capacity.runs, capacity.logitRows)
        self.stepTarget = stepTarget.map { $0 / .seconds(1) }
        stepTimes = StepTimes(rowLimit: capacity.rows)
        self.contextLength = contextLength
    }

    package var waitingCount: Int { waiting.count }
    package var waitingIDs: [RequestID] { waiting.map(\.id) }
    package var waitingOrders: [RequestOrder] { waiting.map(\.order) }
    /// Tenants that are remembered; those without requests are forgotten.
    package var tenantCount: Int { shares.count }
    package var isEmpty: Bool { running.isEmpty && waiting.isEmpty }

    /// Puts a request that `InferenceEngine.submit` has checked into the queue, behind those of its priority and tenant.
    ///
    /// - Parameter id: of its first sample; the others have the numbers after it.
    package mutating func accept(_ request: GenerationRequest, id: RequestID) {
        // A scope of its own is what keeps a request from sharing with others.
        let scope = sharesPrefixes ? request.cacheSalt : "\(id.number)"
        let outputLimit = ActiveRequest.outputLimit(of: request, context: contextLength)
        let place = shares.enter(request, outputLimit: outputLimit, beside: running)
        let first = ActiveRequest(
            id: id, request: request, context: contextLength, scope: scope, key: prefixKey, place: place)
        enqueue(first)
        for sample in 1..<request.samples { enqueue(first.sibling(id.sample(sample))) }
    }

    /// Ends a request and frees its blocks; nil when it has ended already.
    package mutating func cancel(_ id: RequestID, because reason: FinishReason = .cancelled) -> RequestEvent? {
        end(because: reason) { $0.id == id }.first
    }

    /// Ends the requests whose deadline is not after `now`.
    package mutating func expire(now: ContinuousClock.Instant) -> [RequestEvent] {
        end(because: .deadline) { $0.isExpired(at: now) }
    }

    /// Ends all requests.
    package mutating func endAll(because reason: FinishReason) -> [RequestEvent] {
        end(because: reason) { _ in true }
    }

    /// Chooses the next step's work; nil when there is none. One without runs is to be carried out too: all that run may
    /// wait for the block store.
    package mutating func plan(forced: ForcedTokens = { _, _ in [] }) -> StepPlan? {
        var plan = StepPlan()
        swap(&plan, &lastPlan)
        plan.removeAll()
        swap(&plan.copies, &copies)
        makeRoom(&plan)
        let preempted = plan.preempted.count
        leaseForDecoding(&plan)
        // Who comes in while others lose their blocks would only be the next to lose them.
        if plan.preempted.count == preempted { admit(&plan) }
        let batchRows = planDecoding(&plan, batchRows: batchRows, forced: forced)
        planPrompts(&plan, batchRows: batchRows)
        pool.moveTransfers(to: &plan)
        lastPlan = plan
        return plan.isEmpty ? nil : plan
    }

    /// Writes the plan's rows into `batch`.
    package func fill(_ batch: inout Batch, for plan: StepPlan) {
        batch.removeAll()
        for run in plan.runs {
            let request = running[run.slot]
            let end = run.positions.upperBound + run.draft.count
            let blocks = request.table.blocks.prefix(KVBlock.count(for: end))
            let known = request.tokens[run.positions]
            batch.append(
                run.draft.isEmpty ? known : known + run.draft, at: run.positions.lowerBound, blocks: blocks,
                logits: run.logitCount)
        }
    }

    /// Folds in what a whole step gave; `outcomes` are those of the rows that score or sample, in the plan's order.
    package mutating func commit(_ plan: StepPlan, _ outcomes: [RowOutcome]) -> [RequestEvent] {
        var events: [RequestEvent] = []
        swap(&events, &lastEvents)
        events.removeAll(keepingCapacity: true)
        var outcomes = outcomes[...]
        wasBrokenOff = false
        acceptedCount = 0
        drafts.removeAll(keepingCapacity: true)
        for run in plan.runs {
            let (slot, id) = (run.slot, run.request)
            running[slot].advance(to: run.positions.upperBound, &pool)
            if run.positions.lowerBound < running[slot].promptCount, running[slot].outputCount == 0 {
                let progress = TokenEvent.prefill(
                    computed: run.positions.upperBound, total: running[slot].promptCount,
                    cached: running[slot].cachedCount)
                events.append(RequestEvent(request: id, event: progress))
            }
            take(outcomes.prefix(run.logitCount), of: run, &events)
            outcomes = outcomes.dropFirst(run.logitCount)
            if let reason = running[slot].finish {
                events.append(RequestEvent(request: id, event: .finished(reason)))
            }
        }
        catchUp()
        removeFinished()
        lastEvents = events
        return events
    }

    /// Gives a request what its rows scored and sampled.
    private mutating func take(
        _ outcomes: ArraySlice<RowOutcome>, of run: StepPlan.Run, _ events: inout [RequestEvent]
    ) {
        if !run.scored.isEmpty {
            let scores = running[run.slot].takeScores(outcomes.prefix(run.scored.count))
            if !scores.isEmpty { events.append(RequestEvent(request: run.request, event: .scored(scores))) }
        }
        guard run.output != nil, running[run.slot].finish == nil else { return }
        if case .vector(let vector)? = outcomes.last {
            events.append(RequestEvent(request: run.request, event: .vector(vector)))
        }
        let computed = running[run.slot].computed
        running[run.slot].take(outcomes.dropFirst(run.scored.count), of: run, &pool) { token in
            events.append(RequestEvent(request: run.request, event: .token(token)))
        }
        let accepted = running[run.slot].computed - computed
        acceptedCount += accepted
        if !run.draft.isEmpty {
            drafts.append(
                DraftOutcome(
                    request: run.request, source: run.source, drafted: run.draft.count, accepted: accepted))
        }
    }

    /// Lets requests have what the step gave to others, before any of those leaves.
    ///
    /// Whoever loses its block before the copy is made, that block is still read before anybody writes there: all that may
    /// happen is a copy for nothing.
    private mutating func catchUp() {
        for slot in running.indices {
            running[slot].catchUp(pool)
            guard slot > 0, running[slot].pendingCount > 1, running[slot].group == running[slot - 1].group else {
                continue
            }
            if let copy = running[slot].fork(from: running[slot - 1]) { copies.append(copy) }
        }
    }

    /// Learns from how long the plan's step took how much later ones should do.
    package mutating func observe(_ plan: StepPlan, took duration: Duration) {
        stepTimes.observe(rows: plan.rowCount, duration: duration)
    }

    /// Of all requests: those that run, then the queue.
    package var progress: [RequestProgress] {
        running.map { RequestProgress($0, waitingAt: nil) }
            + waiting.enumerated().map { RequestProgress($1, waitingAt: $0 + 1) }
    }

    /// Every block is in one place, held as often as it counts, and nobody has computed positions without blocks.
    package func checkIntegrity() throws(BlockPool.Violation) {
        try pool.checkIntegrity(tables: running.lazy.map(\.table))
        for request in running where request.computed > min(request.tokens.count, request.table.positions) {
            throw .withoutBlocks(computed: request.computed, positions: request.table.positions)
        }
        for request in waiting where request.computed > 0 || !request.table.blocks.isEmpty {
            throw .withoutBlocks(computed: request.computed, positions: request.table.positions)
        }
    }
}

// MARK: - The block store

extension Scheduler {
    package var hasStore: Bool { pool.hasStore }

    /// The block store has a block of that name from now on.
    package mutating func learn(_ name: PrefixHash) { pool.learn(name) }

    /// The block store has none of that name any more.
    package mutating func forget(_ name: PrefixHash) { pool.forget(name) }

    /// Whether what a restore brings may be written to its block.
    package func awaits(_ restore: BlockRestore) -> Bool { pool.awaits(restore) }

    /// Takes note that the content of a block is there, or will not come.
    package mutating func settle(_ restore: BlockRestore, isThere: Bool) { pool.settle(restore, isThere: isThere) }

    /// Idle blocks that the block store lacks, at most `limit`, to be read before the next step.
    package mutating func takeUnsaved(limit: Int) -> [BlockSave] { pool.takeUnsaved(limit: limit) }
}

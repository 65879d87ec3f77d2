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
    private var waiting: Deque<ActiveRequest> = []
    /// Requests with blocks, in their order.
    package private(set) var running: [ActiveRequest] = []
    package private(set) var pool: BlockPool
    /// How many of the waiting ones belong to each tenant that has a name.
    package private(set) var waitingByTenant: [String: Int] = [:]
    private var shares = FairShare()
    /// What the last step's samples need before the next step.
    private var copies: [StepPlan.BlockCopy] = []
    private let rowLimit: Int
    /// As many as can all decode in one step, so that none of them ever has to sit out.
    private let runningLimit: Int
    /// Seconds that a step in which requests decode should take at most.
    private let stepTarget: Double?
    private var stepTimes: StepTimes
    private let contextLength: Int
    private let sharesPrefixes: Bool
    private let prefixKey: PrefixKey
    private let admission: AdmissionPolicy
    private let speculates: Bool
    private let sampleLimit: Int
    /// Guesses that the last commit found right.
    package private(set) var acceptedCount = 0
    /// What became of each guess that the last commit took in.
    package private(set) var drafts: [DraftOutcome] = []

    /// - Parameters:
    ///   - stepTarget: what a step in which requests decode should take at most; nil for what is learned to be worth it.
    ///   - sharesPrefixes: whether requests use what others have computed. Samples of one prompt always do.
    ///   - speculates: whether tokens are guessed where rows are free.
    ///   - prefixKey: of the names of prefixes; the block store's, where there is one.
    ///   - stored: what the block store has; nil where there is none.
    package init(
        blocks: Int, capacity: BatchCapacity, contextLength: Int, stepTarget: Duration? = nil,
        sharesPrefixes: Bool = true, admission: AdmissionPolicy = .optimistic, speculates: Bool = false,
        prefixKey: PrefixKey = .random(), stored: Set<PrefixHash>? = nil
    ) {
        pool = BlockPool(blocks: blocks, keepsIdle: sharesPrefixes, stored: stored)
        self.sharesPrefixes = sharesPrefixes
        self.prefixKey = prefixKey
        self.admission = admission
        self.speculates = speculates
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
    package mutating func plan() -> StepPlan? {
        var plan = StepPlan()
        swap(&plan.copies, &copies)
        makeRoom(&plan)
        let preempted = plan.preempted.count
        leaseForDecoding(&plan)
        // Who comes in while others lose their blocks would only be the next to lose them.
        if plan.preempted.count == preempted { admit(&plan) }
        planDecoding(&plan)
        planPrompts(&plan)
        pool.moveTransfers(to: &plan)
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

    /// Folds in what the step gave; `outcomes` are those of the rows that score or sample, in the plan's order.
    package mutating func commit(_ plan: StepPlan, _ outcomes: [RowOutcome]) -> [RequestEvent] {
        var events: [RequestEvent] = []
        var outcomes = outcomes[...]
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
        return events
    }

    /// Gives a request what its rows scored and sampled.
    private mutating func take(
        _ outcomes: ArraySlice<RowOutcome>, of run: StepPlan.Run, _ events: inout [RequestEvent]
    ) {
        if !run.scored.isEmpty {
            let scores = running[run.slot].takeScores(outcomes.prefix(run.scored.count))
            events.append(RequestEvent(request: run.request, event: .scored(scores)))
        }
        guard run.output != nil, running[run.slot].finish == nil else { return }
        let computed = running[run.slot].computed
        running[run.slot].take(outcomes.dropFirst(run.scored.count), draft: run.draft, &pool) { token in
            events.append(RequestEvent(request: run.request, event: .token(token)))
        }
        let accepted = running[run.slot].computed - computed
        acceptedCount += accepted
        if !run.draft.isEmpty {
            drafts.append(DraftOutcome(request: run.request, drafted: run.draft.count, accepted: accepted))
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

// MARK: - Steps of a plan

extension Scheduler {
    private mutating func enqueue(_ request: ActiveRequest) {
        var (low, high) = (0, waiting.count)
        while low < high {
            let middle = (low + high) / 2
            if waiting[middle].order < request.order { low = middle + 1 } else { high = middle }
        }
        waiting.insert(request, at: low)
        count(request.tenant, waiting: 1)
    }

    private mutating func count(_ tenant: Tenant, waiting change: Int) {
        guard !tenant.name.isEmpty else { return }
        let count = waitingByTenant[tenant.name, default: 0] + change
        waitingByTenant[tenant.name] = count > 0 ? count : nil
    }

    /// Preempts requests that stand behind the first of the queue if that lets it in: those of lower priority, and those
    /// of a tenant that has more than its share.
    private mutating func makeRoom(_ plan: inout StepPlan) {
        guard admission == .optimistic, let first = waiting.first, let last = running.last, first.order < last.order,
            place(for: first) == nil
        else { return }
        let others = running.reversed().prefix { first.order < $0.order }
        let match = match(first)
        let missing = first.admissionBlocks(admission) - match.foundCount - (pool.freeCount - match.idleCount)
        guard missing <= others.reduce(0, { $0 + $1.table.blocks.count }) else { return }
        for _ in others where place(for: first) == nil { preemptLast(&plan) }
    }

    /// Gets the blocks for all that have a single token to feed.
    private mutating func leaseForDecoding(_ plan: inout StepPlan) {
        var slot = 0
        while slot < running.count {
            if running[slot].pendingCount == 1 { lease(upTo: running[slot].tokens.count, slot: slot, &plan) }
            slot += 1
        }
    }

    /// Gets the request blocks for `positions`, taking them from the last requests if need be. The last of all may lose
    /// its own, and then waits.
    private mutating func lease(upTo positions: Int, slot: Int, _ plan: inout StepPlan) {
        while slot < running.count, running[slot].table.positions < positions {
            if let block = pool.lease() {
                running[slot].table.append(block)
            } else {
                preemptLast(&plan)
            }
        }
    }

    /// Back to the queue, before all of its priority and tenant: it is older than they are.
    private mutating func preemptLast(_ plan: inout StepPlan) {
        var request = running.removeLast()
        request.leave(&pool)
        plan.preempted.append(request.id)
        enqueue(request)
    }

    /// Lets requests in while the first of the queue gets the blocks that the policy wants.
    private mutating func admit(_ plan: inout StepPlan) {
        while let next = waiting.first, !plan.preempted.contains(next.id), let match = place(for: next) {
            var request = waiting.removeFirst()
            count(request.tenant, waiting: -1)
            shares.start(request)
            request.enter(&pool, match, blocks: request.admissionBlocks(admission))
            plan.admitted.append(request.id)
            if sharesPrefixes, request.id == request.group, let miss = match.miss { plan.misses.append(miss) }
            let slot = running.lastIndex { $0.order < request.order }.map { $0 + 1 } ?? 0
            running.insert(request, at: slot)
        }
    }

    /// What others have for a request that may start now; nil when it may not.
    private func place(for request: ActiveRequest) -> BlockPool.Match? {
        guard running.count < runningLimit else { return nil }
        let match = match(request)
        let needed = request.admissionBlocks(admission) - match.foundCount
        return needed <= pool.freeCount - match.idleCount ? match : nil
    }

    private func match(_ request: ActiveRequest) -> BlockPool.Match {
        pool.match(request.tokens, request.chain, limit: request.shareableBlocks, for: request.order)
    }

    /// One row for each request that has a single token to feed, and more for guesses where rows are free.
    private mutating func planDecoding(_ plan: inout StepPlan) {
        var left = running.indices.count { running[$0].pendingCount == 1 }
        var free = draftRows(beside: left)
        for slot in running.indices where running[slot].pendingCount == 1 {
            let draft = running[slot].draft(limit: free / left, &pool)
            running[slot].announce(1, to: &pool)
            plan.append(running[slot].run(in: slot, count: 1, draft: draft))
            (left, free) = (left - 1, free - draft.count)
        }
    }

    /// Rows that cost little or nothing beside `decoding` others: a small step takes as long as reading the weights. None
    /// beside prompts, which fill a step by themselves.
    private func draftRows(beside decoding: Int) -> Int {
        guard speculates, decoding > 0, !running.indices.contains(where: { running[$0].pendingCount > 1 })
        else { return 0 }
        var rows = max(decoding, Self.cheapRows)
        if let alone = stepTimes.seconds(rows: decoding) {
            let limit = alone * Self.draftSlowdown
            while rows < Self.draftRowLimit, stepTimes.seconds(rows: rows + 1).map({ $0 <= limit }) ?? false {
                rows += 1
            }
        }
        return min(rows, sampleLimit) - decoding
    }

    /// Rows of a step that are tried before it is known what they cost.
    private static let cheapRows = 4
    private static let draftRowLimit = 16
    /// How much longer a step with guesses may take.
    private static let draftSlowdown = 1.3

    /// Fills the rest of the step with prompts.
    private mutating func planPrompts(_ plan: inout StepPlan) {
        var budget = promptBudget(beside: plan.rowCount)
        var shares = PromptShares(rows: budget, among: running)
        // Each of those that run may end its prompt in this step, or has a row already.
        var logits = sampleLimit - running.count
        for slot in running.indices where budget > 0 && running[slot].pendingCount > 1 {
            let (share, wanted) = (shares.number(of: running[slot].tenant), running[slot].pendingCount)
            let limit = budget - shares.kept(besides: share)
            let count = planPrompt(&plan, slot: slot, limit: limit, logits: &logits)
            shares.take(count, of: wanted, from: share)
            budget -= count
        }
    }

    /// Feeds at most `limit` tokens of a prompt; how many. Of the rows with logits that are left it takes what it needs.
    private mutating func planPrompt(_ plan: inout StepPlan, slot: Int, limit: Int, logits: inout Int) -> Int {
        guard limit > 0 else { return 0 }
        running[slot].catchUp(pool)
        let isSample = slot > 0 && running[slot].group == running[slot - 1].group
        let fork = isSample ? running[slot].forkPosition(after: running[slot - 1]) : nil
        let end = min(fork ?? running[slot].tokens.count, running[slot].computed + limit)
        let count = min(running[slot].reach(&pool, end: end), running[slot].feedable(logits: 1 + logits))
        guard count > 0 else { return 0 }
        running[slot].announce(count, to: &pool)
        let run = running[slot].run(in: slot, count: count)
        plan.append(run)
        logits -= max(0, run.logitCount - 1)
        return count
    }

    /// Prompts may take all the rows of a step in which nobody decodes.
    private func promptBudget(beside decoding: Int) -> Int {
        let room = rowLimit - decoding
        guard decoding > 0, room > 0 else { return room }
        let rows = stepTimes.promptRows(beside: decoding, target: stepTarget, room: room)
        return min(room, rows ?? KVBlock.tokens)
    }

    private mutating func end(
        because reason: FinishReason, where isMeant: (ActiveRequest) -> Bool
    ) -> [RequestEvent] {
        var events: [RequestEvent] = []
        for slot in running.indices where isMeant(running[slot]) {
            running[slot].finish = reason
            events.append(RequestEvent(request: running[slot].id, event: .finished(reason)))
        }
        let running = events.count
        for request in waiting where isMeant(request) {
            events.append(RequestEvent(request: request.id, event: .finished(reason)))
            count(request.tenant, waiting: -1)
            shares.leave(request)
        }
        if running > 0 { removeFinished() }
        if events.count > running { waiting.removeAll(where: isMeant) }
        return events
    }

    private mutating func removeFinished() {
        // Most steps end nobody, and to look at requests one by one copies them.
        guard running.indices.contains(where: { running[$0].finish != nil }) else { return }
        for slot in running.indices where running[slot].finish != nil {
            shares.leave(running[slot])
            running[slot].leave(&pool)
        }
        running.removeAll { $0.finish != nil }
    }
}

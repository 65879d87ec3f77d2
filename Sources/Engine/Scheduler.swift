import DequeModule
package import Model

/// Decides which tokens of which requests each step feeds, and who holds which blocks.
///
/// A value: no I/O, no clock, no model. All running requests are older than all waiting ones, and only the newest is
/// preempted, so the oldest always gets on; with `EngineError.exceedsPool` refused at the door every request ends.
///
/// Requests that begin alike share blocks. Who comes first computes them, the others wait for it or find them done; so
/// a request waits only for older ones, and the oldest for nobody. Samples of one prompt are requests side by side, the
/// first the oldest.
package struct Scheduler: Sendable {
    /// Requests without blocks, oldest first.
    private var waiting: Deque<ActiveRequest> = []
    /// Requests with blocks, oldest first.
    package private(set) var running: [ActiveRequest] = []
    package private(set) var pool: BlockPool
    private let rowLimit: Int
    /// As many as can all decode in one step, so that none of them ever has to sit out.
    private let runningLimit: Int
    /// Seconds that a step in which requests decode should take at most.
    private let stepTarget: Double
    private var stepTimes: StepTimes
    private let contextLength: Int
    private let sharesPrefixes: Bool
    private let admission: AdmissionPolicy

    /// - Parameters:
    ///   - stepTarget: what a step in which requests decode should take at most.
    ///   - sharesPrefixes: whether requests use what others have computed. Samples of one prompt always do.
    package init(
        blocks: Int, capacity: BatchCapacity, contextLength: Int, stepTarget: Duration = .milliseconds(100),
        sharesPrefixes: Bool = true, admission: AdmissionPolicy = .optimistic
    ) {
        pool = BlockPool(blocks: blocks, keepsIdle: sharesPrefixes)
        self.sharesPrefixes = sharesPrefixes
        self.admission = admission
        rowLimit = capacity.rows
        runningLimit = min(capacity.rows, capacity.runs, capacity.logitRows)
        self.stepTarget = stepTarget / .seconds(1)
        stepTimes = StepTimes(rowLimit: capacity.rows)
        self.contextLength = contextLength
    }

    package var waitingCount: Int { waiting.count }
    package var waitingIDs: [RequestID] { waiting.map(\.id) }
    package var isEmpty: Bool { running.isEmpty && waiting.isEmpty }

    /// Puts a request that `InferenceEngine.submit` has checked at the end of the queue.
    ///
    /// - Parameter id: of its first sample; the others have the numbers after it.
    package mutating func accept(_ request: GenerationRequest, id: RequestID) {
        // A scope of its own is what keeps a request from sharing with others.
        let scope = sharesPrefixes ? request.cacheSalt : "\(id.number)"
        let first = ActiveRequest(id: id, request: request, context: contextLength, scope: scope)
        waiting.append(first)
        for sample in 1..<request.samples { waiting.append(first.sibling(id.sample(sample))) }
    }

    /// Ends a request and frees its blocks; nil when it has ended already.
    package mutating func cancel(_ id: RequestID) -> RequestEvent? {
        end(because: .cancelled) { $0.id == id }.first
    }

    /// Ends the requests whose deadline is not after `now`.
    package mutating func expire(now: ContinuousClock.Instant) -> [RequestEvent] {
        end(because: .deadline) { $0.isExpired(at: now) }
    }

    /// Ends all requests.
    package mutating func endAll(because reason: FinishReason) -> [RequestEvent] {
        end(because: reason) { _ in true }
    }

    /// Chooses the next step's work; nil when there is none.
    package mutating func plan() -> StepPlan? {
        var plan = StepPlan()
        for slot in running.indices { running[slot].catchUp(pool) }
        planDecoding(&plan)
        let known = running.count
        // Who comes in while others lose their blocks would only be the next to lose them.
        if plan.preempted.isEmpty { admit(&plan) }
        planPrompts(&plan, admittedFrom: known)
        return plan.runs.isEmpty ? nil : plan
    }

    /// Writes the plan's rows into `batch`.
    package func fill(_ batch: inout Batch, for plan: StepPlan) {
        batch.removeAll()
        for run in plan.runs {
            let request = running[run.slot]
            batch.append(
                request.tokens[run.positions], at: run.positions.lowerBound,
                blocks: request.table.blocks.prefix(KVBlock.count(for: run.positions.upperBound)),
                logits: run.output == nil ? .none : .last)
        }
    }

    /// Folds in what the step gave; `outcomes` are those of the runs that sample, in the plan's order.
    package mutating func commit(_ plan: StepPlan, _ outcomes: [RowOutcome]) -> [RequestEvent] {
        var events: [RequestEvent] = []
        var outcomes = outcomes[...]
        for run in plan.runs {
            let (slot, id) = (run.slot, run.request)
            running[slot].advance(to: run.positions.upperBound, &pool)
            if run.positions.lowerBound < running[slot].promptCount, running[slot].outputCount == 0 {
                let progress = TokenEvent.prefill(
                    computed: run.positions.upperBound, total: running[slot].promptCount,
                    cached: running[slot].cachedCount)
                events.append(RequestEvent(request: id, event: progress))
            }
            guard run.output != nil, let outcome = outcomes.popFirst() else { continue }
            if let token = running[slot].take(outcome) {
                events.append(RequestEvent(request: id, event: .token(token)))
            }
            if let reason = running[slot].finish {
                events.append(RequestEvent(request: id, event: .finished(reason)))
            }
        }
        removeFinished()
        return events
    }

    /// Learns from how long the plan's step took how much later ones should do.
    package mutating func observe(_ plan: StepPlan, took duration: Duration) {
        stepTimes.observe(rows: plan.rowCount, duration: duration)
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

// MARK: - Steps of a plan

extension Scheduler {
    /// One row for each request that has a single token to feed, samples that part from an older one included. Who was
    /// planned here can't be preempted any more in this step, so no copy is made for nothing.
    private mutating func planDecoding(_ plan: inout StepPlan) {
        var slot = 0
        while slot < running.count {
            if slot > 0, let copy = running[slot].fork(from: running[slot - 1]) { plan.copies.append(copy) }
            if running[slot].pendingCount == 1 {
                guard lease(upTo: running[slot].tokens.count, slot: slot, &plan) else { return }
                running[slot].announce(1, to: &pool)
                plan.append(running[slot], slot: slot, count: 1)
            }
            slot += 1
        }
    }

    /// Gets the request blocks for `positions`, taking them from the newest requests if need be. False when it
    /// was itself the newest and now waits.
    private mutating func lease(upTo positions: Int, slot: Int, _ plan: inout StepPlan) -> Bool {
        while running[slot].table.positions < positions {
            if let block = pool.lease() {
                running[slot].table.append(block)
                continue
            }
            preemptNewest(&plan)
            if slot == running.count { return false }
        }
        return true
    }

    /// Back to the head of the queue: it is older than all that wait.
    private mutating func preemptNewest(_ plan: inout StepPlan) {
        var request = running.removeLast()
        request.leave(&pool)
        plan.preempted.append(request.id)
        waiting.prepend(request)
    }

    /// Lets requests in while the first of the queue gets the blocks that the policy wants, those that others have for it
    /// included.
    private mutating func admit(_ plan: inout StepPlan) {
        while running.count < runningLimit, let next = waiting.first {
            let match = pool.match(next.tokens, next.chain, limit: next.shareableBlocks)
            let needed = next.admissionBlocks(admission)
            guard needed - match.blocks.count <= pool.freeCount - match.idleCount else { return }
            var request = waiting.removeFirst()
            request.enter(&pool, match, blocks: needed)
            plan.admitted.append(request.id)
            if sharesPrefixes, request.id == request.group, let miss = match.miss { plan.misses.append(miss) }
            running.append(request)
        }
    }

    /// Fills the rest of the step with prompts, first come first served.
    private mutating func planPrompts(_ plan: inout StepPlan, admittedFrom known: Int) {
        var budget = promptBudget(beside: plan.rowCount)
        for slot in running.indices where budget > 0 {
            // Those with one token left were planned already, except the newly admitted.
            guard running[slot].pendingCount > 1 || slot >= known else { continue }
            running[slot].catchUp(pool)
            let fork = slot > 0 ? running[slot].forkPosition(after: running[slot - 1]) : nil
            let end = min(fork ?? running[slot].tokens.count, running[slot].computed + budget)
            let count = running[slot].reach(&pool, end: end)
            guard count > 0 else { continue }
            running[slot].announce(count, to: &pool)
            plan.append(running[slot], slot: slot, count: count)
            budget -= count
        }
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
        }
        if running > 0 { removeFinished() }
        if events.count > running { waiting.removeAll(where: isMeant) }
        return events
    }

    private mutating func removeFinished() {
        for slot in running.indices where running[slot].finish != nil {
            running[slot].leave(&pool)
        }
        running.removeAll { $0.finish != nil }
    }
}

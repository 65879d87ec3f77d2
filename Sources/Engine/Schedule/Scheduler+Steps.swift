import DequeModule
import Model

/// The steps of making a plan, and of leaving.
extension Scheduler {
    mutating func enqueue(_ request: ActiveRequest) {
        var (low, high) = (0, waiting.count)
        while low < high {
            let middle = (low + high) / 2
            if waiting[middle].order < request.order { low = middle + 1 } else { high = middle }
        }
        waiting.insert(request, at: low)
        count(request.tenant, waiting: 1)
    }

    mutating func count(_ tenant: Tenant, waiting change: Int) {
        guard !tenant.name.isEmpty else { return }
        let count = waitingByTenant[tenant.name, default: 0] + change
        waitingByTenant[tenant.name] = count > 0 ? count : nil
    }

    /// Preempts requests that stand behind the first of the queue if that lets it in: those of lower priority, and those
    /// of a tenant that has more than its share.
    mutating func makeRoom(_ plan: inout StepPlan) {
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
    mutating func leaseForDecoding(_ plan: inout StepPlan) {
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
    mutating func admit(_ plan: inout StepPlan) {
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

    /// Rows that batch work may take in a step beside other requests: so many that these are slowed by a tenth, but one
    /// at least, so that it gets on. Nil where it is alone or there is none, and before the first step.
    var batchRows: Int? {
        guard let last = running.last, last.order.isBatch else { return nil }
        let others = running.indices.prefix { !running[$0].order.isBatch }
        guard !others.isEmpty else { return nil }
        let rows = min(others.reduce(0) { $0 + running[$1].pendingCount }, rowLimit - 1)
        guard let alone = stepTimes.seconds(rows: rows) else { return nil }
        return stepTimes.rows(within: alone * Self.batchSlowdown, beside: rows, room: rowLimit - rows)
    }

    private static let batchSlowdown = 1.1

    /// One row for each request that has a single token to feed, and more for guesses where rows are free. Batch work,
    /// which is last in order, gets at most `batchRows`; what it leaves of them is returned.
    mutating func planDecoding(_ plan: inout StepPlan, batchRows: Int?, forced: ForcedTokens) -> Int? {
        var left = running.indices.count { running[$0].pendingCount == 1 }
        let batch = batchRows.map { limit in
            (limit: limit, wanted: running.indices.count { running[$0].pendingCount == 1 && running[$0].order.isBatch })
        }
        if let batch { left -= max(0, batch.wanted - batch.limit) }
        var (free, rooms) = (draftRows(beside: left), 0)
        for slot in running.indices where left > 0 && running[slot].pendingCount == 1 {
            let isYielding = batch != nil && running[slot].order.isBatch
            let limit = isYielding ? 0 : free / left
            let guess = running[slot].guess(limit: limit, modelLimit: draftLimit, &pool, forced: forced)
            running[slot].announce(1, to: &pool)
            plan.append(running[slot].run(in: slot, count: 1, guess))
            (left, free) = (left - 1, free - guess.draft.count - guess.room)
            rooms += guess.room
        }
        if rooms > 0 { plan.draftTime = stepTimes.slack(beside: plan.rowCount + rooms, target: stepTarget) }
        return batch.map { max(0, $0.limit - $0.wanted) }
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
    static let draftRowLimit = 16
    /// How much longer a step with guesses may take.
    private static let draftSlowdown = 1.3

    /// Fills the rest of the step with prompts, of batch work with at most `batchRows` rows.
    mutating func planPrompts(_ plan: inout StepPlan, batchRows: Int?) {
        guard running.indices.contains(where: { running[$0].pendingCount > 1 }) else { return }
        var budget = promptBudget(&plan)
        var shares = PromptShares(rows: budget, among: running)
        // Each of those that run may end its prompt in this step, or has a row already.
        var logits = sampleLimit - running.count
        var batchRows = batchRows ?? .max
        for slot in running.indices where budget > 0 && running[slot].pendingCount > 1 {
            let (share, wanted) = (shares.number(of: running[slot].tenant), running[slot].pendingCount)
            let isBatch = running[slot].order.isBatch
            let limit = min(budget - shares.kept(besides: share), isBatch ? batchRows : .max)
            let count = planPrompt(&plan, slot: slot, limit: limit, logits: &logits)
            if isBatch { batchRows -= count }
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
    private func promptBudget(_ plan: inout StepPlan) -> Int {
        let decoding = plan.rowCount
        let room = rowLimit - decoding
        guard decoding > 0, room > 0 else { return room }
        plan.target = stepTimes.longest(beside: decoding, target: stepTarget, room: room)
        let rows = stepTimes.promptRows(beside: decoding, target: stepTarget, room: room)
        return min(room, rows ?? KVBlock.tokens)
    }

    mutating func end(
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

    mutating func removeFinished() {
        // Most steps end nobody, and to look at requests one by one copies them.
        guard running.indices.contains(where: { running[$0].finish != nil }) else { return }
        for slot in running.indices where running[slot].finish != nil {
            shares.leave(running[slot])
            running[slot].leave(&pool)
        }
        running.removeAll { $0.finish != nil }
    }
}

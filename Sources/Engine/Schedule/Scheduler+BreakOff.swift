import Model

/// Steps that end before their time, because a request has come that does not wait for batch work.
///
/// What a plan did besides feeding rows stays: blocks were leased and copied, requests came in. What rows of the step have
/// written is written again by a later one, the same bytes; until then nobody may count on it.
extension Scheduler {
    /// Only steps of nothing but batch work may be broken off, and none behind one that was: so batch work gets on
    /// whatever comes.
    package func mayBreakOff(_ plan: StepPlan) -> Bool {
        !wasBrokenOff && plan.runs.allSatisfy { running[$0.slot].order.isBatch }
    }

    /// Instead of `commit`, when the plan's step was broken off.
    package mutating func takeBack(_ plan: StepPlan) {
        for run in plan.runs { running[run.slot].retract(from: run.positions, in: &pool) }
        for slot in running.indices { running[slot].fallBack(pool) }
        wasBrokenOff = true
    }
}

package import Model

/// Guesses with a smaller model how texts go on. The target model verifies the guesses in the step they are made for,
/// which takes little longer than without: see `Scheduler.planDecoding`.
///
/// It draws as the request does, with the same random numbers: where both models mean the same they also say the same.
/// What it says changes how long a text takes, never the text. So it may be behind, or short of blocks: then a request
/// has no guesses in this step. What it lacks of a text it reads when it is asked to guess, as much as time allows.
///
/// `@unchecked Sendable`: made by `EngineLoop`, used by the engine thread alone.
package final class Drafter: @unchecked Sendable {
    /// How a request draws an output token from a row; nil if it no longer does.
    package typealias Draw = (_ row: LogitsRow, _ request: RequestID, _ output: Int) -> RowDraw?

    /// Most requests that it guesses for in one step: there are no more rows for guesses.
    package static let requestLimit = Scheduler.draftRowLimit

    private let model: any ForwardPass
    private let sampler: StepSampler
    package private(set) var pool: BlockPool
    private var batch: Batch
    private var outcomes: [RowOutcome] = []
    private var times: StepTimes
    /// Of requests that nothing is guessed for right now.
    private var sequences: [RequestID: DraftSequence] = [:]
    private var turn = 0

    private let now: () -> ContinuousClock.Instant

    /// - Parameters:
    ///   - model: has the vocabulary of the target.
    ///   - now: the time.
    package init(model: any ForwardPass, now: @escaping () -> ContinuousClock.Instant = { .now }) {
        self.model = model
        self.now = now
        sampler = StepSampler(model: model)
        pool = BlockPool(blocks: model.blockCount, keepsIdle: false)
        batch = Batch(capacity: model.capacity)
        times = StepTimes(rowLimit: model.capacity.rows)
    }

    /// The request has ended.
    package func forget(_ id: RequestID) {
        if var sequence = sequences.removeValue(forKey: id) { sequence.leave(&pool, by: id) }
    }

    /// Fills the room for guesses that runs of a plan have.
    ///
    /// - Parameter running: the requests that the plan is for.
    package func guess(_ plan: inout StepPlan, for running: [ActiveRequest], _ draw: Draw) {
        guard plan.runs.contains(where: { $0.room > 0 }) else { return }
        turn += 1
        var tasks = tasks(of: plan, running)
        for number in tasks.indices where !lease(for: &tasks[number]) { tasks[number].stop() }
        read(&tasks, plan.draftTime, draw)
        for task in tasks {
            plan.guess(task.sequence.guesses, for: task.run)
            sequences[task.id] = task.sequence
        }
    }

    /// Those with the least to read first: they are the ones that can guess now.
    private func tasks(of plan: StepPlan, _ running: [ActiveRequest]) -> [DraftTask] {
        let runs = plan.runs.indices.filter { plan.runs[$0].room > 0 }
        let limit = min(model.capacity.rows, model.capacity.runs, model.capacity.logitRows)
        return runs.prefix(limit).map { number in
            let run = plan.runs[number]
            let tokens = running[run.slot].tokens
            return DraftTask(
                run: number, id: run.request, tokens: tokens, output: running[run.slot].outputCount,
                room: max(0, min(run.room, model.contextLength - tokens.count + 1)),
                sequence: sequences.removeValue(forKey: run.request) ?? DraftSequence())
        }.sorted { ($0.pendingCount, $0.id) < ($1.pendingCount, $1.id) }
    }

    /// Gets all blocks that a task needs, from those of no use lately if need be, or gives up those that it has: half of
    /// them are of no use to it.
    private func lease(for task: inout DraftTask) -> Bool {
        task.sequence.turn = turn
        guard task.room > 0 else { return false }
        while task.sequence.table.positions < task.positions {
            guard let block = pool.lease() ?? evict() else {
                task.sequence.leave(&pool, by: task.id)
                return false
            }
            task.sequence.table.append(block)
        }
        return true
    }

    /// A block of the sequence that was of use longest ago.
    private func evict() -> Int32? {
        guard let oldest = sequences.min(by: { ($0.value.turn, $0.key) < ($1.value.turn, $1.key) }) else { return nil }
        forget(oldest.key)
        return pool.lease()
    }
}

// MARK: - Steps of the draft model

extension Drafter {
    /// First what is left of the texts, then a guess of each a step.
    ///
    /// The first step is made whatever is known of its time: what was slow once would never be tried again.
    private func read(_ tasks: inout [DraftTask], _ limit: Double?, _ draw: Draw) {
        var left = limit
        var rows = model.capacity.rows
        if let limit { rows = times.rows(within: limit, room: rows) ?? min(rows, KVBlock.tokens) }
        repeat {
            let duration = step(&tasks, rows: rows, draw)
            left = left.map { $0 - duration / .seconds(1) }
            rows = tasks.count { $0.wantsMore }
        } while rows > 0 && fits(rows, left)
    }

    private func fits(_ rows: Int, _ left: Double?) -> Bool {
        guard let left, let seconds = times.seconds(rows: rows) else { return true }
        return seconds <= left
    }

    /// Feeds at most `rows` tokens. Who has all of its text fed has a guess more then, or gets none any more; others wait
    /// for the next plan.
    private func step(_ tasks: inout [DraftTask], rows limit: Int, _ draw: Draw) -> Duration {
        let start = now()
        let readers = fill(&tasks, rows: limit)
        guard !batch.isEmpty else { return .zero }
        let logits = model.forward(batch)
        let draws = readers.enumerated().map { row, number in
            draw(logits[row], tasks[number].id, tasks[number].output + tasks[number].sequence.guesses.count)
        }
        sampler.sample(draws, into: &outcomes)
        for (number, outcome) in zip(readers, outcomes) { tasks[number].take(outcome) }
        let duration = now() - start
        times.observe(rows: batch.tokens.count, duration: duration)
        return duration
    }

    /// Returns the tasks that will have a guess, in the order of their rows.
    private func fill(_ tasks: inout [DraftTask], rows limit: Int) -> [Int] {
        batch.removeAll()
        var readers: [Int] = []
        for number in tasks.indices where tasks[number].wantsMore {
            let (tokens, position) = tasks[number].next
            let fed = tokens.prefix(limit - batch.tokens.count)
            let isReader = fed.count == tokens.count
            if !fed.isEmpty {
                let blocks = tasks[number].sequence.table.blocks.prefix(KVBlock.count(for: position + fed.count))
                batch.append(fed, at: position, blocks: blocks, logits: isReader ? 1 : 0)
                tasks[number].feed(fed.count)
            }
            if isReader { readers.append(number) } else { tasks[number].stop() }
        }
        return readers
    }
}

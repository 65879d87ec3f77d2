import Foundation
import Model
import Telemetry

/// The engine thread: accept, plan, forward, sample, commit.
///
/// `@unchecked Sendable`: made by `InferenceEngine`, then owned by the engine thread, which alone calls `run`. It never
/// waits for a client, only for letters when there is nothing to compute.
final class EngineLoop: @unchecked Sendable {
    private let model: any ForwardPass
    private let settings: EngineSettings
    private let store: BlockStore?
    private let mailbox: Mailbox
    private let metrics: EngineMetrics
    private var scheduler: Scheduler
    private let sampler: StepSampler
    private let drafter: Drafter?
    private var batch: Batch
    /// Of the rows of the step that score or sample: what is asked, and what was drawn.
    private var draws: [RowDraw?] = []
    private var outcomes: [RowOutcome] = []
    private var sessions: [RequestID: Session] = [:]
    /// Events of the step, not delivered yet; those of one request are neighbours.
    private var outbox: [RequestEvent] = []
    /// Senders of drain and stop.
    private var waiters: [Mailbox.Letter] = []
    private var drainDeadline: ContinuousClock.Instant?
    private var isStopping = false
    /// The last plan had nothing to do: all that run wait for the block store.
    private var isStalled = false
    private var pace = QueuePace()

    init(
        model: any ForwardPass, draftModel: (any ForwardPass)?, settings: EngineSettings, store: BlockStore?,
        mailbox: Mailbox, metrics: EngineMetrics
    ) {
        self.model = model
        self.settings = settings
        self.store = store
        self.mailbox = mailbox
        self.metrics = metrics
        scheduler = Scheduler(
            blocks: model.blockCount, capacity: model.capacity, contextLength: model.contextLength,
            stepTarget: settings.stepTarget, sharesPrefixes: settings.sharesPrefixes,
            admission: settings.admission, speculates: settings.speculates,
            draftLimit: draftModel == nil ? 0 : settings.draftLimit, prefixKey: store?.prefixKey ?? .random(),
            stored: store?.names)
        sampler = StepSampler(model: model)
        drafter = draftModel.map { Drafter(model: $0) }
        batch = Batch(capacity: model.capacity)
    }

    func run() {
        store?.start { [mailbox] in mailbox.post(.store($0)) }
        while !isStopping {
            saveUnsaved()
            mailbox.collect(waits: isIdle || isStalled && outbox.isEmpty).forEach(read)
            endWhatIsLate()
            let plan = scheduler.plan { sessions[$0]?.forcedTokens(limit: $1) ?? [] }
            note(plan)
            report()
            isStalled = plan == nil
            guard let plan else { continue }
            move(plan)
            guard !plan.runs.isEmpty else { continue }
            step(plan)
            report()
        }
        close()
    }

    private func step(_ planned: StepPlan) {
        var plan = planned
        let start = ContinuousClock.now
        drafter?.guess(&plan, for: scheduler.running) { sessions[$1]?.guess($0, output: $2) }
        let guessed = ContinuousClock.now
        scheduler.fill(&batch, for: plan)
        batch.needsLogits = !plan.runs.allSatisfy(isPooled)
        guard let logits = forward(plan) else { return }
        sample(plan, logits)
        outbox += scheduler.commit(plan, outcomes)
        let end = ContinuousClock.now
        scheduler.observe(plan, took: end - guessed)
        note(plan, guessing: guessed - start, took: end - start)
    }

    /// Nil when it was broken off for a request that has come.
    private func forward(_ plan: StepPlan) -> Logits? {
        let mayBreakOff = scheduler.mayBreakOff(plan)
        let logits = model.forward(batch) { !mayBreakOff || !mailbox.hasInteractive }
        if logits == nil {
            scheduler.takeBack(plan)
            metrics.stepsBrokenOff.add()
        }
        return logits
    }

    private var isIdle: Bool { scheduler.isEmpty && outbox.isEmpty }

    /// Blocks that change places before the step: what is to be kept is read before anything is written.
    private func move(_ plan: StepPlan) {
        for save in plan.saves { store?.keep(save, model.memory(of: save.block)) }
        store?.fetch(plan.restores)
        for copy in plan.copies { model.copyBlock(copy.source, to: copy.target) }
    }

    /// Bytes that a step may spend on blocks whose place nobody needs yet.
    private static let savedBytes = 4 << 20

    /// Offers idle blocks to the store before their places are needed: a large prompt takes more of them at once than
    /// could be copied then, and what is on disk outlives the process however it ends.
    private func saveUnsaved() {
        guard let store, scheduler.pool.unsavedCount > 0 else { return }
        let fair = max(1, Self.savedBytes / max(1, model.memory(of: 0).count))
        let limit = min(store.room, scheduler.isEmpty ? .max : fair)
        for save in scheduler.takeUnsaved(limit: limit) { store.keep(save, model.memory(of: save.block)) }
    }

    private func read(_ letter: Mailbox.Letter) {
        switch letter {
        case .submit(let submission):
            for (sample, session) in Session.samples(of: submission).enumerated() {
                sessions[submission.id.sample(sample)] = session
            }
            scheduler.accept(submission.request, id: submission.id)
        case .cancel(let id, let reason):
            if let event = scheduler.cancel(id, because: reason) { outbox.append(event) }
        case .progress(let continuation):
            continuation.resume(returning: scheduler.progress)
        case .store(let report): read(report)
        case .drain(let deadline, _):
            drainDeadline = min(deadline, drainDeadline ?? deadline)
            waiters.append(letter)
        case .stop:
            isStopping = true
            waiters.append(letter)
        }
    }

    private func read(_ report: StoreReport) {
        switch report {
        case .stored(let name): scheduler.learn(name)
        case .lost(let name): scheduler.forget(name)
        case .restored(let restore, let block):
            // Who wanted it may have left, and the block be somebody else's.
            if scheduler.awaits(restore) {
                model.memory(of: restore.block).copyMemory(from: UnsafeRawBufferPointer(block.content))
                store?.metrics.restored.add()
            }
            scheduler.settle(restore, isThere: true)
            store?.giveBack(block)
        case .failed(let restore): scheduler.settle(restore, isThere: false)
        }
    }

    private func endWhatIsLate() {
        let now = ContinuousClock.now
        outbox += scheduler.expire(now: now)
        let isOver = drainDeadline.map { $0 <= now } ?? false
        if isStopping || isOver { outbox += scheduler.endAll(because: .shutdown) }
    }

    private func note(_ plan: StepPlan?) {
        let now = ContinuousClock.now
        guard let plan else {
            pace.observe(started: 0, waiting: 0, at: now)
            // While requests wait for the store there is no plan either, at every letter.
            guard scheduler.isEmpty else { return }
            do { try scheduler.checkIntegrity() } catch { metrics.integrityFailures.add() }
            return
        }
        let started = plan.admitted.count { sessions[$0]?.admit(at: now, metrics) == true }
        pace.observe(started: started, waiting: scheduler.waitingCount, at: now)
        plan.misses.forEach(metrics.prefixMissed)
        metrics.preemptions.add(plan.preempted.count)
        for id in plan.preempted { sessions[id]?.preempt() }
    }

    /// The step is done; for `guessing` of its time the draft model was at work.
    private func note(_ plan: StepPlan, guessing: Duration, took duration: Duration) {
        if drafter != nil { metrics.speculation.draftModelTook(guessing) }
        metrics.stepEnded(tokens: plan.rowCount, requests: plan.runs.count, duration, target: plan.target)
        for outcome in scheduler.drafts {
            sessions[outcome.request]?.count(outcome)
            metrics.speculation.add(outcome)
        }
    }

    /// One outcome for each row that scores or samples.
    private func sample(_ plan: StepPlan, _ logits: Logits) {
        for run in plan.runs {
            for position in run.scored {
                draws.append(sessions[run.request]?.score(logits[draws.count], position: position))
            }
            guard let output = run.output else { continue }
            for guesses in 0..<run.sampleCount {
                draws.append(
                    sessions[run.request]?.draw(
                        logits[draws.count], output: output + guesses, behind: run.draft.prefix(guesses)))
            }
        }
        sampler.sample(draws, into: &outcomes)
        pool(plan)
        draws.removeAll(keepingCapacity: true)  // they share the histories, which would be copied to be changed
        remember(plan)
    }

    /// Rows behind a guess count only if it is right.
    private func remember(_ plan: StepPlan) {
        var row = 0
        for run in plan.runs {
            let first = row + run.scored.count
            row += run.logitCount
            guard let session = sessions[run.request] else { continue }
            for place in 0..<run.sampleCount {
                outcomes[first + place] = session.remember(outcomes[first + place])
                guard place < run.draft.count, case .token(let token) = outcomes[first + place],
                    token.id == run.draft[place]
                else { break }
            }
        }
    }

    private func isPooled(_ run: StepPlan.Run) -> Bool { sessions[run.request]?.isPooled == true }

    /// Requests that want a vector take the hidden states of their rows.
    private func pool(_ plan: StepPlan) {
        var row = 0
        for run in plan.runs {
            let rows = row..<row + run.logitCount
            row = rows.upperBound
            guard isPooled(run) else { continue }
            for row in rows {
                let isLast = run.output != nil && row == rows.upperBound - 1
                outcomes[row] = sessions[run.request]?.pool(model.hiddenState(row), isLast: isLast) ?? .notANumber
            }
        }
    }

    /// Publishes the status, then delivers the events: who has seen the last event of a request also sees its blocks
    /// free.
    private func report() {
        let now = ContinuousClock.now
        let status = EngineStatus(
            running: scheduler.running.count, waiting: scheduler.waitingCount,
            waitingByTenant: scheduler.waitingByTenant, startInterval: pace.interval,
            freeBlocks: scheduler.pool.freeCount,
            idleBlocks: scheduler.pool.idleCount, totalBlocks: scheduler.pool.total, contextLength: model.contextLength,
            heartbeat: now)
        metrics.publish(status)
        mailbox.publish(status)
        deliver(at: now)
        if isIdle, drainDeadline != nil, !isStopping, !waiters.isEmpty {
            saveAll()
            answerWaiters()
        }
    }

    private func deliver(at now: ContinuousClock.Instant) {
        var late: [RequestID] = []
        var start = 0
        while start < outbox.count {
            let id = outbox[start].request
            let events = outbox[start...].prefix { $0.request == id }
            start = events.endIndex
            for event in events { sessions[id]?.count(event.event, at: now, metrics) }
            let inTime = sessions[id]?.deliver(events.lazy.map(\.event), limit: settings.undeliveredLimit)
            if inTime == false { late.append(id) }
            if case .finished? = events.last?.event {
                sessions[id] = nil
                drafter?.forget(id)
            }
        }
        outbox.removeAll(keepingCapacity: true)
        // Told to the reader with the next report; it has thousands of events to read before.
        outbox += late.compactMap { scheduler.cancel($0) }
    }

    private func answerWaiters() {
        waiters.forEach(Mailbox.answer)
        waiters = []
    }

    /// How long the end may be put off for blocks to get to disk.
    private static let saveGrace = 20.0

    /// Everything that is complete, with patience. Nobody is served any more.
    private func saveAll() {
        guard let store else { return }
        let deadline = Date(timeIntervalSinceNow: Self.saveGrace)
        while let save = scheduler.takeUnsaved(limit: 1).first, deadline > .now {
            store.keep(save, model.memory(of: save.block), until: deadline)
        }
        store.settle(until: deadline)
    }

    /// The last act of the thread: nobody may be left waiting.
    private func close() {
        mailbox.seal().forEach(read)
        outbox += scheduler.endAll(because: .shutdown)
        report()
        saveAll()
        store?.close()
        answerWaiters()
    }
}

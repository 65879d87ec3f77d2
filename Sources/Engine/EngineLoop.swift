import Model
import Telemetry

/// The engine thread: accept, plan, forward, sample, commit.
///
/// `@unchecked Sendable`: made by `InferenceEngine`, then owned by the engine thread, which alone calls `run`. It never
/// waits for a client, only for letters when there is nothing to compute.
final class EngineLoop: @unchecked Sendable {
    private let model: any ForwardPass
    private let settings: EngineSettings
    private let mailbox: Mailbox
    private let metrics: EngineMetrics
    private var scheduler: Scheduler
    private let sampler: StepSampler
    private var batch: Batch
    private var sessions: [RequestID: Session] = [:]
    /// Events of the step, not delivered yet; those of one request are neighbours.
    private var outbox: [RequestEvent] = []
    /// Senders of drain and stop.
    private var waiters: [Mailbox.Letter] = []
    private var drainDeadline: ContinuousClock.Instant?
    private var isStopping = false
    private var pace = QueuePace()

    init(model: any ForwardPass, settings: EngineSettings, mailbox: Mailbox, metrics: EngineMetrics) {
        self.model = model
        self.settings = settings
        self.mailbox = mailbox
        self.metrics = metrics
        scheduler = Scheduler(
            blocks: model.blockCount, capacity: model.capacity, contextLength: model.contextLength,
            stepTarget: settings.stepTarget, sharesPrefixes: settings.sharesPrefixes,
            admission: settings.admission, speculates: settings.speculates)
        sampler = StepSampler(model: model)
        batch = Batch(capacity: model.capacity)
    }

    func run() {
        while !isStopping {
            mailbox.collect(waits: isIdle).forEach(read)
            endWhatIsLate()
            let plan = scheduler.plan()
            note(plan)
            report()
            guard let plan else { continue }
            let start = ContinuousClock.now
            scheduler.fill(&batch, for: plan)
            for copy in plan.copies { model.copyBlock(copy.source, to: copy.target) }
            let logits = model.forward(batch)
            let outcomes = sample(plan, logits)
            outbox += scheduler.commit(plan, outcomes)
            metrics.guessed(plan.draftCount, right: scheduler.acceptedCount)
            scheduler.observe(plan, took: .now - start)
            report()
        }
        close()
    }

    private var isIdle: Bool { scheduler.isEmpty && outbox.isEmpty }

    private func read(_ letter: Mailbox.Letter) {
        switch letter {
        case .submit(let submission):
            let first = Session(submission)
            for sample in 0..<submission.request.samples {
                sessions[submission.id.sample(sample)] = first.sibling(sample)
            }
            scheduler.accept(submission.request, id: submission.id)
        case .cancel(let id, let reason):
            if let event = scheduler.cancel(id, because: reason) { outbox.append(event) }
        case .progress(let continuation):
            continuation.resume(returning: scheduler.progress)
        case .drain(let deadline, _):
            drainDeadline = min(deadline, drainDeadline ?? deadline)
            waiters.append(letter)
        case .stop:
            isStopping = true
            waiters.append(letter)
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
            do { try scheduler.checkIntegrity() } catch { metrics.integrityFailures.add() }
            return
        }
        let started = plan.admitted.count { sessions[$0]?.admit(at: now, metrics) == true }
        pace.observe(started: started, waiting: scheduler.waitingCount, at: now)
        plan.misses.forEach(metrics.prefixMissed)
        metrics.preemptions.add(plan.preempted.count)
        metrics.stepTokens.observe(Double(plan.rowCount))
    }

    /// One outcome for each row that scores or samples. Those behind a guess count only if it is right; requests that
    /// would have to remember them are not guessed for.
    private func sample(_ plan: StepPlan, _ logits: Logits) -> [RowOutcome] {
        // Who is to remember the outcome.
        var (requests, draws): ([RequestID?], [RowDraw?]) = ([], [])
        for run in plan.runs {
            for position in run.scored {
                draws.append(sessions[run.request]?.score(logits[draws.count], position: position))
                requests.append(nil)
            }
            guard let output = run.output else { continue }
            for output in output..<output + run.sampleCount {
                draws.append(sessions[run.request]?.draw(logits[draws.count], output: output))
                requests.append(run.request)
            }
        }
        let outcomes = sampler.sample(draws)
        draws = []  // they share the histories, which would be copied to be changed
        return zip(requests, outcomes).map { id, outcome in id.flatMap { sessions[$0]?.remember(outcome) } ?? outcome }
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
        if isIdle, drainDeadline != nil, !isStopping { answerWaiters() }
    }

    private func deliver(at now: ContinuousClock.Instant) {
        var late: [RequestID] = []
        var rest = outbox[...]
        while let id = rest.first?.request {
            let events = rest.prefix { $0.request == id }
            rest = rest.dropFirst(events.count)
            for event in events { sessions[id]?.count(event.event, at: now, metrics) }
            let inTime = sessions[id]?.events
                .deliver(events.lazy.map(\.event), limit: settings.undeliveredLimit)
            if inTime == false { late.append(id) }
            if case .finished? = events.last?.event { sessions[id] = nil }
        }
        outbox.removeAll(keepingCapacity: true)
        // Told to the reader with the next report; it has thousands of events to read before.
        outbox += late.compactMap { scheduler.cancel($0) }
    }

    private func answerWaiters() {
        waiters.forEach(Mailbox.answer)
        waiters = []
    }

    /// The last act of the thread: nobody may be left waiting.
    private func close() {
        mailbox.seal().forEach(read)
        outbox += scheduler.endAll(because: .shutdown)
        report()
        answerWaiters()
    }
}

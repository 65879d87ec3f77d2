/// Runs the batches of all owners: of each owner one at a time, oldest first.
package actor BatchDesk {
    private let folder: StateFolder
    private let work: @Sendable (BatchRecord) -> any BatchWork
    private let limits: BatchLimits
    private let now: @Sendable () -> Int64
    private var running: [String: (owner: String, task: Task<Void, Never>, progress: BatchProgress)] = [:]
    private var isOpen = false

    /// Seconds that an ended batch is listed.
    private static let memory: Int64 = 90 * 86_400

    /// - Parameters:
    ///   - work: what the lines of a batch mean.
    ///   - now: seconds since 1970.
    package init(
        folder: StateFolder, limits: BatchLimits, now: @escaping @Sendable () -> Int64,
        work: @escaping @Sendable (BatchRecord) -> any BatchWork
    ) {
        self.folder = folder
        self.limits = limits
        self.now = now
        self.work = work
    }

    /// Goes on with what an earlier process left, and runs what comes, until the task is cancelled.
    ///
    /// - Parameters:
    ///   - pause: waits some seconds before the next round, or until the task is cancelled.
    ///   - onRound: hears of each round; with an error of the disk it is tried again.
    package func run(pause: @Sendable () async -> Void, onRound: @Sendable (StateError?) -> Void) async {
        isOpen = true
        while isOpen, !Task.isCancelled {
            do throws(StateError) {
                try await folder.files.removeExpired(now: now())
                try await folder.batches.removeEnded(before: now() - Self.memory)
                try await startNext()
                onRound(nil)
            } catch {
                onRound(error)
            }
            await pause()
        }
        await close()
    }

    /// Begins nothing any more, and leaves what runs to the next process.
    package func close() async {
        isOpen = false
        for (_, run) in running { run.task.cancel() }
        // Each stops within a checkpoint. One that waits for a disk may be left where it is: a kill could not harm it.
        for _ in 0..<200 where !running.isEmpty { await Self.rest(.milliseconds(10)) }
    }

    /// Sleeps also in a task that was cancelled.
    private static func rest(_ time: Duration) async {
        await Task.detached { try? await Task.sleep(for: time) }.value
    }

    /// Takes note of a new batch.
    package func wake() async { try? await startNext() }

    /// Ends a batch that its owner does not want any more.
    ///
    /// - Returns: nil when it has ended already.
    package func cancel(_ id: String) async throws(StateError) -> BatchRecord? {
        let batch = try await folder.batches.move(id, to: .cancelling, now: now())
        if let run = running[id] { run.task.cancel() } else { await wake() }
        if batch != nil { return batch }
        let found = try await folder.batches.batch(id)
        return found.flatMap { $0.status == .cancelling || $0.status == .finalizing ? $0 : nil }
    }

    /// Nil for one that does not run here.
    package func progress(of id: String) -> BatchProgress? { running[id]?.progress }

    private func startNext() async throws(StateError) {
        guard isOpen else { return }
        for batch in try await folder.batches.unfinished() {
            let isBusy = running.values.contains { $0.owner == batch.owner }
            guard isOpen, running[batch.id] == nil, !isBusy || batch.status == .cancelling else { continue }
            let progress = BatchProgress()
            let run = BatchRun(
                batch.id, in: folder, work: work(batch), limits: limits, progress: progress, now: now)
            let task = Task { await self.carry(run, batch.id, progress) }
            running[batch.id] = (batch.owner, task, progress)
        }
    }

    /// Until it has ended, or the desk closes.
    private func carry(_ run: BatchRun, _ id: String, _ progress: BatchProgress) async {
        do throws(StateError) {
            _ = try await run.run()
            running[id] = nil
            await wake()
        } catch {
            progress.trouble = "\(error)"
            try? await Task.sleep(for: .seconds(5))
            // The next round of the desk tries again.
            running[id] = nil
        }
    }
}

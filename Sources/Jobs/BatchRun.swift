/// Brings one batch from where it is to its end, or as far as it gets before its task is cancelled.
package struct BatchRun: Sendable {
    private let id: String
    private let store: BatchStore
    private let files: FileStore
    private let work: any BatchWork
    private let limits: BatchLimits
    private let progress: BatchProgress
    /// Where its input lies; nil for a file of the store.
    private let inputPath: String?
    private let now: @Sendable () -> Int64

    private static let page = 256

    /// - Parameter now: seconds since 1970.
    package init(
        _ id: String, in folder: StateFolder, work: any BatchWork, limits: BatchLimits, progress: BatchProgress,
        inputPath: String? = nil, now: @escaping @Sendable () -> Int64
    ) {
        self.id = id
        (store, files) = (folder.batches, folder.files)
        self.work = work
        self.limits = limits
        self.progress = progress
        self.inputPath = inputPath
        self.now = now
    }

    /// - Returns: whether it has ended. A cancelled task leaves the batch to the next run, unless the batch itself was
    ///   cancelled.
    package func run() async throws(StateError) -> Bool {
        guard var batch = try await store.batch(id) else { return true }
        let path = inputPath ?? files.path(of: batch.inputFile)
        let input = try await DiskQueue.run { () throws(StateError) in try DiskFile(path: path, .read) }
        if batch.status == .validating {
            let intake = try await DiskQueue.run { [id, limits, work] () throws(StateError) in
                try BatchIntake.read(input, batch: id, limits: limits, work: work)
            }
            // It may have been cancelled meanwhile.
            try await store.begin(id, with: intake, fingerprint: work.fingerprint, now: now())
        }
        guard let begun = try await store.batch(id), !begun.status.isFinal else { return true }
        batch = begun
        let journal = try await BatchJournal(batch, store: store, files: files, progress: progress)
        if batch.status == .inProgress, batch.fingerprint == work.fingerprint {
            progress.begin()
            await answerAll(batch, input, journal)
        }
        // Who was cancelled by its owner ends now; who was interrupted goes on another time.
        guard let batch = try await store.batch(id) else { return true }
        guard batch.status == .cancelling || !Task.isCancelled else {
            await journal.close()
            return false
        }
        // Not to be interrupted by the cancellation that brought it here, which closed the journal too.
        let last =
            Task.isCancelled ? try await BatchJournal(batch, store: store, files: files, progress: progress) : journal
        return try await Task { try await finish(batch, last) }.result.mapError {
            StateError($0, in: store.database.path)
        }.get()
    }

    // MARK: Lines

    /// Answers the lines that have no result, so many at a time, until there are none or the time is over.
    private func answerAll(_ batch: BatchRecord, _ input: DiskFile, _ journal: BatchJournal) async {
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                let places = Places(limits.concurrency)
                var last: BatchLine?
                while let lines = await nextLines(after: last), let end = lines.last {
                    for line in lines {
                        guard await places.take(), now() < batch.expiresAt else { return }
                        group.addTask {
                            await answer(line, input, journal, until: batch.expiresAt)
                            await places.giveBack()
                        }
                    }
                    last = end
                }
            }
        } onCancel: {
            Task { await journal.close() }
        }
    }

    /// Nil when the task was cancelled.
    private func nextLines(after last: BatchLine?) async -> [BatchLine]? {
        await insisting { () throws(StateError) in try await store.lines(id, after: last, limit: Self.page) }
    }

    private func answer(_ line: BatchLine, _ input: DiskFile, _ journal: BatchJournal, until end: Int64) async {
        do {
            if let result = try await result(of: line, input, until: end) { try await journal.commit([result]) }
        } catch {
            // Cancelled: it has no result, and runs again.
        }
    }

    /// Nil when its time was over before it had one.
    private func result(of line: BatchLine, _ input: DiskFile, until end: Int64) async throws -> LineResult? {
        if let problem = line.problem { return refusal(line, problem) }
        let bytes = await insisting { () throws(StateError) in
            try await DiskQueue.run { () throws(StateError) in try input.read(at: line.start, count: line.length) }
        }
        guard let bytes else { throw CancellationError() }
        while now() < end {
            switch try await work.answer(line, bytes) {
            case .done(let result):
                return result
            case .later(let wait, let reason):
                progress.trouble = reason
                try await Task.sleep(for: min(wait, .seconds(60)))
                progress.trouble = nil
            }
        }
        return nil
    }

    private func refusal(_ line: BatchLine, _ problem: BatchProblem) -> LineResult {
        LineResult(line: line.number, file: .errors, bytes: work.refusal(of: line, problem))
    }

    /// Tries again until it succeeds or the task is cancelled: a disk that fails must not cost a line.
    private func insisting<Value: Sendable>(
        _ attempt: () async throws(StateError) -> Value
    ) async -> Value? {
        while !Task.isCancelled {
            do throws(StateError) {
                return try await attempt()
            } catch {
                progress.trouble = "\(error)"
                try? await Task.sleep(for: .seconds(1))
            }
        }
        return nil
    }

    // MARK: End

    /// Gives each line that is left a result that says why it has no answer, and the files to their owner.
    private func finish(_ batch: BatchRecord, _ journal: BatchJournal) async throws -> Bool {
        var ending = ending(of: batch)
        var last: BatchLine?
        while true {
            let lines = try await store.lines(id, after: last, limit: Self.page)
            guard let end = lines.last else { break }
            if ending.status == .completed { ending = (.expired, Self.expired) }
            let problem = ending.problem
            try await journal.commit(lines.map { refusal($0, $0.problem ?? problem) })
            last = end
        }
        if batch.status == .inProgress { try await store.move(id, to: .finalizing, now: now()) }
        let sizes = journal.sizes
        try await store.conclude(id, as: ending.status, sizes: sizes, problem: ending.problem, now: now())
        if sizes.output == 0 { DiskFile.remove(files.path(of: batch.outputFile)) }
        if sizes.errors == 0 { DiskFile.remove(files.path(of: batch.errorFile)) }
        return true
    }

    private static let expired = BatchProblem(
        code: "batch_expired", message: "This request could not be executed before the completion window expired.")

    private func ending(of batch: BatchRecord) -> (status: BatchStatus, problem: BatchProblem) {
        if batch.status == .cancelling {
            return (.cancelled, BatchProblem(code: "batch_cancelled", message: "The batch was cancelled."))
        }
        if batch.fingerprint != work.fingerprint {
            let message = "The server has another model now than the one that the batch began with."
            return (.failed, BatchProblem(code: "model_changed", message: message))
        }
        return (.completed, Self.expired)
    }
}

/// So many may be on their way; the others wait for their turn in order.
private actor Places {
    private var free: Int
    private var waiting: [CheckedContinuation<Bool, Never>] = []

    init(_ count: Int) { free = max(1, count) }

    /// False when the task was cancelled.
    func take() async -> Bool {
        if Task.isCancelled { return false }
        if free > 0 {
            free -= 1
            return true
        }
        // Those on their way end when the task is cancelled, so the wait does.
        let isMine = await withCheckedContinuation { waiting.append($0) }
        return isMine && !Task.isCancelled
    }

    func giveBack() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume(returning: true) }
    }
}

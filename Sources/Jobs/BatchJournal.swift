import GRDB

/// Makes the results of a batch last: each line of it is in the output file or the error file, exactly once.
///
/// A checkpoint has three steps, in this order: the results are appended to their files; the files are synced; one
/// transaction of the database (WAL, synced) says for each line in which file its result lies, where, and with which
/// checksum, and counts it. A line has a result when the database says so, and a file ends where its last such line
/// does. What follows from that:
///
/// - Killed, or without power, before the transaction: the bytes behind the end belong to nobody. `recover` cuts them
///   off, and the lines run again. Their seeds are fixed, so they get the same texts.
/// - Killed after the transaction: the bytes were with the disk before it.
/// - A file that is shorter than the database says, or whose bytes have another checksum (a disk that lied): it is cut
///   behind its last whole line, and all behind that run again.
/// - A step that fails (disk full, EIO): nothing has changed but bytes behind the end. The same checkpoint is tried
///   again until it succeeds; no other line begins meanwhile, as its place is free only when its result is safe.
///
/// Results that come in while a checkpoint is written are all of the next one. So a slow disk makes the groups larger
/// and not the batch slower.
actor BatchJournal {
    private typealias Waiter = CheckedContinuation<Void, any Error>

    private let id: String
    private let store: BatchStore
    private let output: ResultFile
    private let errors: ResultFile
    private let progress: BatchProgress
    private var waiting: [(results: [LineResult], waiter: Waiter)] = []
    private var isWriting = false
    private var isClosed = false
    private var pause: Task<Void, Never>?

    /// Opens the files, and brings files and database to the same state.
    init(_ batch: BatchRecord, store: BatchStore, files: FileStore, progress: BatchProgress) async throws(StateError) {
        id = batch.id
        self.store = store
        self.progress = progress
        output = try await Self.open(batch, .output, path: files.path(of: batch.outputFile), store)
        errors = try await Self.open(batch, .errors, path: files.path(of: batch.errorFile), store)
    }

    private static func open(
        _ batch: BatchRecord, _ kind: LineResult.File, path: String, _ store: BatchStore
    ) async throws(StateError) -> ResultFile {
        let places = try await store.places(batch.id, in: kind)
        let (file, end) = try await DiskQueue.run { () throws(StateError) in
            let file = try ResultFile(path: path)
            return (file, try file.recover(places))
        }
        if let last = places.last, last.start + last.length > end {
            try await store.forget(batch.id, in: kind, from: end)
        }
        return file
    }

    /// Bytes of both files.
    nonisolated var sizes: (output: Int, errors: Int) { (output.count, errors.count) }

    /// Returns when the results are safe. Throws `CancellationError` when the journal was closed before that.
    func commit(_ results: [LineResult]) async throws {
        guard !isClosed else { throw CancellationError() }
        try await withCheckedThrowingContinuation { waiter in
            waiting.append((results, waiter))
            guard !isWriting else { return }
            isWriting = true
            Task { await write() }
        }
    }

    /// No more checkpoints, also not of what waits.
    func close() {
        isClosed = true
        pause?.cancel()
    }

    private func write() async {
        while !waiting.isEmpty {
            let group = waiting
            waiting = []
            do {
                try await persist(group.flatMap(\.results))
                group.forEach { $0.waiter.resume() }
            } catch {
                group.forEach { $0.waiter.resume(throwing: error) }
            }
        }
        isWriting = false
    }

    /// Tries until it succeeds.
    private func persist(_ results: [LineResult]) async throws {
        var wait = Duration.milliseconds(500)
        while true {
            do throws(StateError) {
                try await checkpoint(results)
                progress.trouble = nil
                return
            } catch {
                progress.trouble = "\(error)"
            }
            let sleep = Task { [wait] in _ = try? await Task.sleep(for: wait) }
            pause = sleep
            if isClosed { sleep.cancel() }
            await sleep.value
            guard !isClosed else { throw CancellationError() }
            wait = min(wait * 2, .seconds(15))
        }
    }

    private func checkpoint(_ results: [LineResult]) async throws(StateError) {
        let done = results.filter { $0.file == .output }
        let failed = results.filter { $0.file == .errors }
        try await store.database.exclusive { [id, output, errors] db in
            let places = (try output.stage(done.map(\.bytes)), try errors.stage(failed.map(\.bytes)))
            try db.inTransaction {
                try Self.note(done, places.0, in: .output, of: id, db)
                try Self.note(failed, places.1, in: .errors, of: id, db)
                return .commit
            }
            output.advance(past: places.0)
            errors.advance(past: places.1)
        }
        progress.add(results.count)
    }

    private static func note(
        _ results: [LineResult], _ places: [ResultPlace], in file: LineResult.File, of id: String, _ db: Database
    ) throws {
        guard !results.isEmpty else { return }
        let statement = try db.cachedStatement(
            sql: """
                UPDATE line SET resultFile = ?, resultStart = ?, resultLength = ?, resultChecksum = ?,
                \(BatchUsage.columns.map { "\($0) = ?" }.joined(separator: ", "))
                WHERE batch = ? AND number = ? AND resultFile IS NULL
                """)
        for (result, place) in zip(results, places) {
            try statement.execute(
                arguments: [file.rawValue, place.start, place.length, place.checksum]
                    + StatementArguments(result.usage.values) + [id, result.line])
        }
        let usage = results.reduce(BatchUsage.none) { $0 + $1.usage }
        try BatchStore.count(results.count, in: file, usage, of: id, db)
    }
}

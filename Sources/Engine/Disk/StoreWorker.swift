import Model
import Telemetry

/// The store's thread: reads, writes and removes files.
///
/// Handed over to the thread that calls `run`; everything in it is that thread's.
struct StoreWorker: Sendable {
    private let files: any BlockFiles
    private let format: BlockFormat
    private let limit: Int
    private let desk: StoreDesk
    private let metrics: StoreMetrics
    private let complain: @Sendable (String) -> Void
    private var ledger = FileLedger()
    private var lastComplaint: ContinuousClock.Instant?

    init(
        files: any BlockFiles, found: [CacheDirectory.File], format: BlockFormat, limit: Int, desk: StoreDesk,
        metrics: StoreMetrics, complain: @escaping @Sendable (String) -> Void
    ) {
        self.files = files
        self.format = format
        self.limit = limit
        self.desk = desk
        self.metrics = metrics
        self.complain = complain
        for file in found { ledger.insert(file.name, bytes: file.bytes) }
        makeRoom(for: 0) { _ in }
        metrics.publish(ledger)
    }

    var names: Set<PrefixHash> { ledger.names }
    var bytes: Int { ledger.bytes }

    consuming func run(_ report: (StoreReport) -> Void) {
        while let job = desk.next() {
            switch job {
            case .write(let name, let tokens, let block):
                let isStored = write(name, tokens, block, report)
                // Before the report: who gets it may have the next block.
                desk.finish(name, block)
                if isStored { report(.stored(name)) }
            case .touch(let name):
                ledger.touch(name)
                files.touch(name)
            case .read(let restore, let block): read(restore, into: block, report)
            }
            metrics.publish(ledger)
        }
    }

    private mutating func write(
        _ name: PrefixHash, _ tokens: [Int32], _ block: StagedBlock, _ report: (StoreReport) -> Void
    ) -> Bool {
        guard !ledger.contains(name) else { return true }
        makeRoom(for: format.fileBytes, report)
        format.seal(block.file, name: name, tokens: tokens)
        do throws(BlockFileError) {
            try files.write(name, UnsafeRawBufferPointer(block.file))
            ledger.insert(name, bytes: format.fileBytes)
            metrics.stored.add()
            return true
        } catch {
            metrics.failed(.write)
            say("a K/V block was not written: \(error)")
            return false
        }
    }

    private mutating func read(
        _ restore: BlockRestore, into block: StagedBlock, _ report: (StoreReport) -> Void
    ) {
        let start = ContinuousClock.now
        do throws(BlockFileError) {
            try files.read(restore.name, into: block.file)
            try format.check(UnsafeRawBufferPointer(block.file), name: restore.name, tokens: restore.tokens)
            metrics.restoreTime.observe(.now - start)
            report(.restored(restore, block))
        } catch {
            metrics.failed(error.isDamage ? .damaged : .read)
            say("the K/V block \(restore.name) was not read: \(error)")
            // A file that was not read once is never asked for again.
            ledger.remove(restore.name)
            files.remove(restore.name)
            desk.giveBack(block)
            report(.failed(restore))
        }
    }

    /// Removes files until so many bytes more are within the limit.
    private mutating func makeRoom(for bytes: Int, _ report: (StoreReport) -> Void) {
        while ledger.bytes + bytes > limit, let name = ledger.popOldest() {
            files.remove(name)
            metrics.removed.add()
            report(.lost(name))
        }
    }

    private mutating func say(_ text: String) {
        let now = ContinuousClock.now
        if let lastComplaint, now - lastComplaint < .seconds(60) { return }
        lastComplaint = now
        complain(text)
    }
}

extension BlockFileError {
    /// The file was there, and wrong.
    fileprivate var isDamage: Bool {
        switch self {
        case .wrongLength, .damaged: true
        case .missing, .system: false
        }
    }
}

import CThread
package import Foundation
import Model
import Synchronization
import Telemetry

/// Keeps complete K/V blocks in files and brings them back, on a thread of its own.
///
/// The engine thread hands over copies of blocks and is told by letter how everything went; it never waits for the disk.
/// Whatever goes wrong costs a block and nothing else: it is computed again.
package final class BlockStore: Sendable {
    /// What the store is made of.
    package struct Settings: Sendable {
        /// Most bytes of all files together.
        package var limit: Int
        /// Memory for blocks on their way, in each direction; at least two blocks.
        package var stagingBytes: Int

        package init(limit: Int, stagingBytes: Int = 64 << 20) {
            self.limit = limit
            self.stagingBytes = stagingBytes
        }
    }

    /// Of the names of all blocks: no other model has the same.
    package let prefixKey: PrefixKey
    /// What was there at the start.
    package let names: Set<PrefixHash>
    /// Its files, those of other models included.
    package var foundCount: Int { names.count }
    package let foundBytes: Int
    let metrics: StoreMetrics
    private let desk: StoreDesk
    private let format: BlockFormat
    private let worker: Mutex<StoreWorker?>

    /// - Parameters:
    ///   - found: the files that are there, those used longest ago first.
    ///   - complain: is told of trouble with the disk, not more than once a minute.
    package init(
        files: any BlockFiles, found: [CacheDirectory.File], key: PrefixKey, format: BlockFormat, settings: Settings,
        metrics: StoreMetrics, complain: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        var hash = SipHash(key: key)
        hash.append(format.fingerprint.low)
        hash.append(format.fingerprint.high)
        let name = hash.finish()
        prefixKey = PrefixKey(low: name.low, high: name.high)
        self.format = format
        self.metrics = metrics
        desk = StoreDesk(blocks: max(2, settings.stagingBytes / format.fileBytes), bytes: format.fileBytes)
        let worker = StoreWorker(
            files: files, found: found, format: format, limit: settings.limit, desk: desk, metrics: metrics,
            complain: complain)
        names = worker.names
        foundBytes = worker.bytes
        self.worker = Mutex(worker)
    }

    /// A store in a directory.
    package convenience init(
        directory: CacheDirectory, format: BlockFormat, settings: Settings, metrics: StoreMetrics,
        complain: @escaping @Sendable (String) -> Void
    ) throws(CacheDirectoryError) {
        guard settings.limit >= format.fileBytes else {
            throw .limitTooSmall(bytes: settings.limit, fileBytes: format.fileBytes)
        }
        self.init(
            files: directory, found: try directory.files(), key: try directory.key(), format: format,
            settings: settings, metrics: metrics, complain: complain)
    }

    /// Starts the thread; a second call does nothing.
    package func start(report: @escaping @Sendable (StoreReport) -> Void) {
        guard let worker = worker.withLock({ $0.take() }) else { return }
        let thread = Thread {
            pthread_setname_np(pthread_self(), "store")
            worker.run(report)
        }
        thread.start()
    }

    /// Blocks that `keep` would take now.
    package var room: Int { desk.room }

    /// Copies a block, if there is room for it before the deadline.
    package func keep(_ save: BlockSave, _ content: UnsafeMutableRawBufferPointer, until deadline: Date? = nil) {
        guard !save.isStored else { return desk.touch(save.name) }
        guard !desk.isWriting(save.name) else { return }
        guard let block = desk.place(until: deadline) else { return metrics.dropped.add() }
        let start = ContinuousClock.now
        block.content.copyMemory(from: UnsafeRawBufferPointer(content))
        metrics.copyTime.observe(.now - start)
        desk.write(save.name, tokens: save.tokens, block)
    }

    /// Asks for blocks; each comes back in a report.
    package func fetch(_ restores: [BlockRestore]) {
        if !restores.isEmpty { desk.read(restores) }
    }

    /// The content of a restored block was taken, or is not wanted.
    package func giveBack(_ block: StagedBlock) { desk.giveBack(block) }

    /// Waits until everything kept is on disk, but not beyond the deadline. Nobody must wait for a block.
    package func settle(until deadline: Date) { desk.settle(until: deadline) }

    package func close() { desk.close() }
}

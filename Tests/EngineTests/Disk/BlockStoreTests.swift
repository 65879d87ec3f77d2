import Engine
import Dispatch
import Foundation
import Model
import Synchronization
import Telemetry
import Testing

/// The store with its thread, over files in memory or in a directory.
struct BlockStoreTests {
    private static let format = BlockFormat(fingerprint: ModelFingerprint(low: 5, high: 6), blockBytes: 4_000)

    /// Collects what a store reports.
    private final class Reports: Sendable {
        private let state = Mutex<[StoreReport]>([])
        private let arrivals = DispatchSemaphore(value: 0)

        func add(_ report: StoreReport) {
            state.withLock { $0.append(report) }
            arrivals.signal()
        }

        /// All reports once there are `count` of them.
        func wait(for count: Int) throws -> [StoreReport] {
            let deadline = DispatchTime.now() + .seconds(20)
            while true {
                let reports = state.withLock { $0 }
                if reports.count >= count { return reports }
                guard arrivals.wait(timeout: deadline) == .success else { throw Failure() }
            }
        }

        struct Failure: Error {}
    }

    private let metrics = MetricsRegistry()
    private let reports = Reports()

    private func store(
        _ files: some BlockFiles, found: [CacheDirectory.File] = [], files limit: Int = 100,
        format: BlockFormat = format
    ) -> BlockStore {
        let store = BlockStore(
            files: files, found: found, key: PrefixKey(low: 1, high: 2), format: format,
            settings: BlockStore.Settings(limit: limit * format.fileBytes, stagingBytes: 4 * format.fileBytes),
            metrics: StoreMetrics(registry: metrics, modelName: "m"))
        store.start { [reports] in reports.add($0) }
        return store
    }

    private static func tokens(_ number: Int) -> [Int32] { (0..<64).map { Int32($0 + number * 100) } }

    private static func content(_ number: Int) -> [UInt8] {
        (0..<format.blockBytes).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) }
    }

    private static func name(_ number: Int) -> PrefixHash { PrefixHash(low: UInt64(number), high: 77) }

    private func keep(_ numbers: Range<Int>, in store: BlockStore) {
        for number in numbers {
            var content = Self.content(number)
            content.withUnsafeMutableBytes {
                store.keep(
                    BlockSave(block: 0, name: Self.name(number), tokens: Self.tokens(number), isStored: false), $0,
                    until: Date(timeIntervalSinceNow: 20))
            }
        }
        store.settle(until: Date(timeIntervalSinceNow: 20))
    }

    private static func restore(_ number: Int) -> BlockRestore {
        BlockRestore(id: UInt64(number), block: Int32(number), name: name(number), tokens: tokens(number))
    }

    private func value(_ series: String) -> String? {
        metrics.page().split(separator: "\n").first { $0.hasPrefix(series) }?
            .split(separator: " ").last.map(String.init)
    }

    @Test func `gives back what it was given, more than fits into its memory at once`() throws {
        let place = try TemporaryDirectory()
        let store = store(try CacheDirectory(path: place.path))
        defer { store.close() }
        keep(0..<30, in: store)
        #expect(try reports.wait(for: 30).count == 30)
        store.fetch((0..<30).map(Self.restore))
        for number in 0..<30 {
            guard case .restored(let restore, let block) = try reports.wait(for: 31 + number)[30 + number] else {
                Issue.record("not restored")
                continue
            }
            #expect(restore == Self.restore(number) && block.content.elementsEqual(Self.content(number)))
            store.giveBack(block)
        }
        #expect(value("drover_disk_cache_stored_total") == "30")
        #expect(value("drover_disk_cache_files") == "30.0")
    }

    @Test func `keeps nothing that it has no memory for`() {
        let files = MemoryFiles()
        let store = BlockStore(
            files: files, found: [], key: PrefixKey(low: 1, high: 2), format: Self.format,
            settings: BlockStore.Settings(limit: 1 << 20, stagingBytes: 4 * Self.format.fileBytes),
            metrics: StoreMetrics(registry: metrics, modelName: "m"))
        for number in 0..<6 {
            var content = Self.content(number)
            content.withUnsafeMutableBytes {
                store.keep(
                    BlockSave(block: 0, name: Self.name(number), tokens: Self.tokens(number), isStored: false), $0)
            }
        }
        #expect(store.room == 0)
        store.start { [reports] in reports.add($0) }
        store.settle(until: Date(timeIntervalSinceNow: 20))
        #expect(files.names == Set((0..<4).map(Self.name)))
        #expect(value("drover_disk_cache_dropped_total") == "2")
        store.close()
    }

    @Test(arguments: [3, 12, 17, 40, 50, 100, 400, 600, 4_511]) func `removes a damaged file and never serves it`(
        place: Int
    ) throws {
        let files = MemoryFiles()
        let store = store(files)
        defer { store.close() }
        keep(0..<1, in: store)
        _ = try reports.wait(for: 1)
        files.damage(at: place)
        store.fetch([Self.restore(0), Self.restore(1)])
        for report in try reports.wait(for: 3).dropFirst() {
            guard case .failed = report else {
                Issue.record("served \(report)")
                continue
            }
        }
        #expect(files.names.isEmpty)
        #expect(value("drover_disk_cache_failures_total{model_name=\"m\",engine=\"0\",reason=\"damaged\"}") == "1")
        #expect(value("drover_disk_cache_failures_total{model_name=\"m\",engine=\"0\",reason=\"read\"}") == "1")
    }

    @Test func `another model finds nothing, under other names`() throws {
        let files = MemoryFiles()
        let first = store(files)
        keep(0..<1, in: first)
        first.close()
        let format = BlockFormat(fingerprint: ModelFingerprint(low: 5, high: 7), blockBytes: 4_000)
        let second = store(files, found: files.found, format: format)
        defer { second.close() }
        #expect(first.prefixKey != second.prefixKey)
        _ = try reports.wait(for: 1)
        second.fetch([Self.restore(0)])
        guard case .failed = try reports.wait(for: 2)[1] else {
            Issue.record("served")
            return
        }
    }

    @Test func `stays within its limit and removes what was used longest ago`() throws {
        let files = MemoryFiles()
        let store = store(files, files: 3)
        defer { store.close() }
        keep(0..<3, in: store)
        store.fetch([Self.restore(0)])
        _ = try reports.wait(for: 4)
        keep(3..<5, in: store)
        #expect(files.names == Set([0, 3, 4].map(Self.name)))
        let lost = try reports.wait(for: 8).compactMap { report in
            if case .lost(let name) = report { name } else { nil }
        }
        #expect(lost == [Self.name(1), Self.name(2)])
    }

    @Test func `a start with a lower limit removes files at once`() {
        let files = MemoryFiles()
        let first = store(files)
        keep(0..<5, in: first)
        first.close()
        let second = store(files, found: (0..<5).map { .init(name: Self.name($0), bytes: 4_512) }, files: 2)
        defer { second.close() }
        #expect(files.names == Set([3, 4].map(Self.name)) && second.names == files.names)
    }

    @Test func `a full disk costs blocks and nothing else`() throws {
        let files = MemoryFiles()
        let store = store(files)
        defer { store.close() }
        keep(0..<1, in: store)
        files.fill()
        keep(1..<4, in: store)
        #expect(files.names == [Self.name(0)])
        #expect(value("drover_disk_cache_failures_total{model_name=\"m\",engine=\"0\",reason=\"write\"}") == "3")
        store.fetch([Self.restore(0)])
        guard case .restored = try reports.wait(for: 2)[1] else {
            Issue.record("not restored")
            return
        }
    }
}

import Foundation
import Model
import Testing

struct ModelFingerprintTests {
    private static func fingerprint(
        _ checkpoint: Checkpoint, kernels: String = "reference", threads: Int = 1,
        cacheType: RuntimeSettings.CacheType = .full, version: String = "1"
    ) throws -> ModelFingerprint {
        let settings = RuntimeSettings(
            kernels: kernels, threads: threads, cacheType: cacheType, cacheBytes: 1 << 20,
            capacity: BatchCapacity(rows: 40, runs: 4, logitRows: 4))
        return try LlamaModel(checkpoint: checkpoint, settings: settings).fingerprint(version: version)
    }

    private static func file() throws -> [UInt8] {
        try [UInt8](Data(contentsOf: TestData.fixtures.appending(path: "oracle-a.gguf")))
    }

    private static func checkpoint(_ bytes: [UInt8], in directory: TemporaryDirectory) throws -> Checkpoint {
        try Checkpoint(path: directory.write("model.gguf", bytes))
    }

    @Test func `is the same each time and for any number of threads`() throws {
        let checkpoint = try Checkpoint(path: TestData.fixtures.appending(path: "oracle-a.gguf").path)
        #expect(try Self.fingerprint(checkpoint) == Self.fingerprint(checkpoint, threads: 3))
    }

    @Test func `tells apart what may compute other keys and values`() throws {
        let checkpoint = try Checkpoint(path: TestData.fixtures.appending(path: "oracle-a.gguf").path)
        var all = [try Self.fingerprint(checkpoint)]
        all.append(try Self.fingerprint(checkpoint, cacheType: .q8))
        all.append(try Self.fingerprint(checkpoint, version: "2"))
        for table in KernelTable.supported.dropLast() {
            all.append(try Self.fingerprint(checkpoint, kernels: table.name))
        }
        #expect(Set(all).count == all.count)
    }

    /// The least change of a weight, anywhere: of an embedding that the probe does not use too.
    @Test(arguments: [1, 3_001, 50_001, 200_001]) func `sees one changed bit of the weights`(distance: Int) throws {
        let directory = try TemporaryDirectory()
        var bytes = try Self.file()
        let before = try Self.fingerprint(Self.checkpoint(bytes, in: directory))
        bytes[bytes.count - distance] ^= 1
        #expect(try Self.fingerprint(Self.checkpoint(bytes, in: directory)) != before)
    }
}

import Foundation
import Model
import Testing

struct MemoryPlanTests {
    private func plan(
        kernels: String = "reference", cacheBytes: Int? = nil, useful: Int? = nil, available: Int = 1 << 30
    ) throws -> MemoryPlan {
        let checkpoint = try Checkpoint(path: TestData.fixtures.appending(path: "oracle-a").path)
        let settings = RuntimeSettings(
            kernels: kernels, threads: 2, cacheBytes: cacheBytes, usefulPositions: useful,
            capacity: BatchCapacity(rows: 64, runs: 8, logitRows: 8))
        return try MemoryPlan(checkpoint: checkpoint, settings: settings, availableBytes: available)
    }

    /// 4 layers, 2 K/V heads of 32, 8 query heads.
    @Test func `counts keys and values of all layers and what grouping saves`() throws {
        let plan = try plan()
        #expect(plan.cacheBytesPerToken == 2 * 4 * 2 * 32 * 4)
        #expect(plan.multiHeadBytesPerToken == 4 * plan.cacheBytesPerToken)
        #expect(plan.blockBytes == 64 * plan.cacheBytesPerToken)
    }

    @Test func `weights take the bytes of the kernels' layout`() throws {
        let reference = try plan()
        #expect(reference.weightBytes >= 4 * reference.parameterCount)
        #expect(reference.weightBytes < 4 * reference.parameterCount * 11 / 10)
    }

    @Test func `gives the pool what was asked for in whole blocks`() throws {
        let blockBytes = try plan().blockBytes
        #expect(try plan(cacheBytes: 5 * blockBytes + 1).blockCount == 5)
        #expect(throws: RuntimeError.memoryPlan(.cacheTooSmall(bytes: blockBytes - 1, blockBytes: blockBytes))) {
            try plan(cacheBytes: blockBytes - 1)
        }
    }

    @Test func `by default holds sixteen full contexts where memory allows, less where it does not`() throws {
        let roomy = try plan()
        #expect(roomy.fullContextSequences == 16)
        #expect(try plan(useful: 2_000).blockCount == 32)
        let tight = try plan(available: roomy.weightBytes + roomy.workspaceBytes + 40 << 20)
        #expect(tight.blockCount < roomy.blockCount)
        #expect(tight.bytes <= tight.availableBytes)
    }

    @Test func `refuses what does not fit with both numbers`() throws {
        let fitting = try plan()
        let available = fitting.weightBytes + fitting.workspaceBytes
        #expect {
            try plan(available: available)
        } throws: { error in
            guard case .memoryPlan(.doesNotFit(let needed, available))? = error as? RuntimeError else { return false }
            return needed > available && "\(error)".contains("\(needed)") && "\(error)".contains("\(available)")
        }
        let wanted = 1 << 40
        #expect(throws: RuntimeError.self) { try plan(cacheBytes: wanted) }
        #expect(throws: RuntimeError.self) { try plan(cacheBytes: Int.max) }
    }

    @Test func `says in words what it decided`() throws {
        let text = try plan().description
        for part in ["reference", "f32", "2 threads", "4 x less than multi-head attention", "16.0 sequences of 4096"] {
            #expect(text.contains(part), "\(part)")
        }
    }
}

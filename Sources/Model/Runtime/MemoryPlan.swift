import CKernels

/// What a model will need and get on this machine, decided before any weight is loaded: from sizes alone, but for F16 and
/// F32 weights, which are looked through (`StoredTensor.keptType`).
package struct MemoryPlan: Sendable {
    package let modelName: String
    package let configuration: ModelConfiguration
    package let parameterCount: Int
    /// Types of the weights in the file, most bytes first.
    package let storedTypes: [Checkpoint.TypeUse]
    package let kernels: KernelTable
    package let cacheFormat: CacheFormat
    package let threads: Int
    package let capacity: BatchCapacity
    /// Most positions of one sequence: the model's or the operator's limit, or all of the pool if that is less.
    package private(set) var contextLength: Int
    /// Bytes this process could take when the plan was made.
    package let availableBytes: Int
    /// Where weights and activations will lie.
    let weights: WeightLayout
    let workspace: WorkspaceLayout
    /// K/V blocks in the pool.
    package private(set) var blockCount: Int

    /// Weights as laid out for the kernels.
    package var weightBytes: Int { weights.bytes }
    /// Activations, logits and scratch of the largest step.
    package var workspaceBytes: Int { workspace.bytes }

    /// Bytes of one K/V block over all layers and K/V heads.
    package var blockBytes: Int {
        configuration.layers * configuration.keyValueHeads * cacheFormat.blockBytes(headSize: configuration.headSize)
    }
    package var cacheBytes: Int { blockCount * blockBytes }
    package var bytes: Int { weightBytes + workspaceBytes + cacheBytes }

    /// Bytes of keys and values of one position.
    package var cacheBytesPerToken: Int { blockBytes / KVBlock.tokens }

    /// The same if every query head had its own keys and values.
    package var multiHeadBytesPerToken: Int { cacheBytesPerToken * configuration.groupSize }

    /// Sequences of full length that fit the pool at once.
    package var fullContextSequences: Double {
        Double(blockCount) / Double(KVBlock.count(for: contextLength))
    }

    /// `configuration` replaces the checkpoint's own; the shapes must be the same.
    package init(
        checkpoint: Checkpoint, configuration: ModelConfiguration? = nil, settings: RuntimeSettings,
        availableBytes: Int = HostLimits.availableMemory
    ) throws(RuntimeError) {
        let model = configuration ?? checkpoint.configuration
        try Self.check(model)
        let kernels = try settings.kernelTable()
        let threads = max(1, settings.threads ?? HostLimits.coreCount)
        modelName = checkpoint.name
        self.configuration = model
        parameterCount = checkpoint.parameterCount
        storedTypes = checkpoint.typeUse
        self.kernels = kernels
        cacheFormat = kernels.cacheFormat(settings.cacheType)
        self.threads = threads
        self.availableBytes = availableBytes
        capacity = settings.capacity
        contextLength = max(1, min(settings.contextLength ?? model.contextLength, model.contextLength))
        weights = WeightLayout(model, kernels: kernels) { checkpoint.tensor($0)?.keptType }
        workspace = WorkspaceLayout(
            model, weights: weights, kernels: kernels, cache: cacheFormat, threads: threads, capacity: capacity)
        blockCount = 0
        blockCount = try chooseBlocks(settings.cacheBytes, useful: settings.usefulPositions)
        contextLength = min(contextLength, blockCount * KVBlock.tokens)
    }

    /// Share of the free memory that the default leaves to the rest of the machine: one eighth.
    private static let reservedShare = 8
    /// The default pool holds this many sequences of full length, if memory allows.
    private static let usefulContexts = 16

    private func chooseBlocks(_ wanted: Int?, useful: Int?) throws(RuntimeError) -> Int {
        let fixed = weightBytes + workspaceBytes
        let full = KVBlock.count(for: contextLength)
        if let wanted {
            guard wanted >= blockBytes else {
                throw .memoryPlan(.cacheTooSmall(bytes: wanted, blockBytes: blockBytes))
            }
            let blocks = min(wanted / blockBytes, Int(Int32.max))
            let needed = fixed.addingReportingOverflow(blocks * blockBytes)
            guard !needed.overflow, needed.partialValue <= availableBytes else {
                let sum = needed.overflow ? Int.max : needed.partialValue
                throw .memoryPlan(.doesNotFit(needed: sum, available: availableBytes))
            }
            return blocks
        }
        // A model that cannot hold even a short conversation is of no use.
        let fewest = min(full, KVBlock.count(for: 1024))
        let needed = fixed + fewest * blockBytes
        guard needed <= availableBytes else {
            throw .memoryPlan(.doesNotFit(needed: needed, available: availableBytes))
        }
        let spare = (availableBytes - availableBytes / Self.reservedShare - fixed) / blockBytes
        let enough = useful.map { KVBlock.count(for: $0) } ?? full * Self.usefulContexts
        return max(fewest, min(spare, enough, Int(Int32.max)))
    }

    private static func check(_ model: ModelConfiguration) throws(RuntimeError) {
        let strip = Int(CK_STRIP)
        guard model.width.isMultiple(of: strip) else {
            throw .unsupportedShape(field: "hidden size", got: model.width, rule: "a multiple of \(strip)")
        }
        guard model.headSize.isMultiple(of: strip), (strip...256).contains(model.headSize) else {
            throw .unsupportedShape(field: "head size", got: model.headSize, rule: "a multiple of \(strip) up to 256")
        }
    }
}

/// Why a model and its K/V memory were refused before reading.
package enum MemoryPlanError: Error, Equatable {
    case doesNotFit(needed: Int, available: Int)
    case cacheTooSmall(bytes: Int, blockBytes: Int)
}

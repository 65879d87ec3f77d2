/// How a model is to be run, as far as the operator has a say.
package struct RuntimeSettings: Sendable, Equatable {
    package enum Backend: String, Sendable, CaseIterable {
        /// Our own kernels, the best table of this CPU.
        case native
        /// Products by OpenBLAS, everything in float32.
        case openblas
    }

    /// How keys and values are kept.
    package enum CacheType: String, Sendable, CaseIterable {
        /// bf16; f32 where the kernels compute in f32.
        case full
        /// int8 with a scale for each vector: half the bytes of bf16.
        case q8
    }

    package var backend: Backend
    package var cacheType: CacheType
    /// Name of the kernel table for `.native`; nil takes DROVER_KERNELS, else the best.
    package var kernels: String?
    /// Compute threads; nil takes one for each core this process may use.
    package var threads: Int?
    /// Bytes of K/V memory; nil lets the memory plan choose.
    package var cacheBytes: Int?
    /// Positions that are enough where the memory plan chooses; nil for those of many sequences of full length.
    package var usefulPositions: Int?
    /// Most positions of a sequence; nil takes what the model was made for.
    package var contextLength: Int?
    package var capacity: BatchCapacity

    package init(
        backend: Backend = .native, kernels: String? = nil, threads: Int? = nil, cacheType: CacheType = .full,
        cacheBytes: Int? = nil, usefulPositions: Int? = nil, contextLength: Int? = nil,
        capacity: BatchCapacity = BatchCapacity(rows: 512, runs: 512, logitRows: 128)
    ) {
        self.backend = backend
        self.cacheType = cacheType
        self.kernels = kernels
        self.threads = threads
        self.cacheBytes = cacheBytes
        self.usefulPositions = usefulPositions
        self.contextLength = contextLength
        self.capacity = capacity
    }

    func kernelTable() throws(RuntimeError) -> KernelTable {
        switch backend {
        case .native: try KernelTable.named(kernels ?? KernelTable.forcedName)
        case .openblas: try KernelTable.openBLAS()
        }
    }
}

import CKernels

/// A Llama model in memory, ready to compute.
///
/// `@unchecked Sendable`: made on one thread and handed over; then it belongs to the engine thread, like its team.
package final class LlamaModel: ForwardPass, @unchecked Sendable {
    package let plan: MemoryPlan
    package let team: ThreadTeam
    let weights: Weights
    let workspace: Workspace
    private let cache: PageMemory
    /// Radians a position for each pair of a head.
    private let frequencies: UnsafeMutableBufferPointer<Double>
    private let operations: UnsafeMutableBufferPointer<ck_operation>
    private let program: ck_program

    package var vocabularySize: Int { plan.configuration.vocabularySize }
    package var width: Int { plan.configuration.width }
    package var contextLength: Int { plan.contextLength }
    package var blockCount: Int { plan.blockCount }
    package var capacity: BatchCapacity { plan.capacity }
    package var workers: Int { team.workers }

    /// Decides the memory plan and loads the weights. Blocks for seconds; `progress` is told the share loaded.
    package convenience init(
        checkpoint: Checkpoint, settings: RuntimeSettings = RuntimeSettings(),
        progress: @escaping (Double) -> Void = { _ in }
    ) throws(RuntimeError) {
        let plan = try MemoryPlan(checkpoint: checkpoint, settings: settings)
        try self.init(checkpoint: checkpoint, plan: plan, progress: progress)
    }

    /// Loads the weights as `plan`, made for the same checkpoint, says.
    ///
    /// - Parameter team: of another model, planned for as many threads, that never computes at the same time; without it
    ///   the model has its own.
    package init(
        checkpoint: Checkpoint, plan: MemoryPlan, team: ThreadTeam? = nil,
        progress: @escaping (Double) -> Void = { _ in }
    ) throws(RuntimeError) {
        let model = plan.configuration
        self.plan = plan
        self.team = if let team { team } else { try ThreadTeam(workers: plan.threads) }
        weights = try Weights(plan.weights)
        workspace = try Workspace(plan.workspace)
        cache = try PageMemory(bytes: plan.cacheBytes)
        var loader = WeightLoader(checkpoint: checkpoint, weights: weights, team: self.team, progress: progress)
        try loader.load()

        frequencies = Self.frequencies(model)
        let list = ForwardProgram(model, weights: weights, workspace: workspace).operations
        operations = .allocate(capacity: list.count)
        _ = operations.initialize(from: list)
        program = Self.program(
            plan, workspace: workspace, cache: cache, frequencies: frequencies, operations: operations)
    }

    deinit {
        frequencies.deallocate()
        operations.deallocate()
    }

    package func forward(_ batch: borrowing Batch, while isWanted: () -> Bool) -> Logits? {
        check(batch)
        let spanCount = describeRows(batch), cohortCount = describeCohorts(spanCount, batch)
        var program = program
        // The last operation multiplies with the output matrix.
        if !batch.needsLogits { program.operation_count -= 1 }
        let isWhole = batch.tokens.withUnsafeBufferPointer { tokens in
            batch.blockTable.withUnsafeBufferPointer { blocks in
                batch.logitRows.withUnsafeBufferPointer { wanted in
                    var step = ck_step(
                        rows: tokens.count, tokens: tokens.baseAddress, positions: workspace.positions,
                        span_count: spanCount, spans: workspace.spans, cohort_count: cohortCount,
                        cohorts: workspace.cohorts, blocks: blocks.baseAddress,
                        wanted_count: wanted.count, wanted: wanted.baseAddress)
                    return Self.run(&program, &step, on: team, while: isWanted)
                }
            }
        }
        guard isWhole else { return nil }
        return Logits(
            rowCount: batch.logitRows.count, vocabularySize: vocabularySize, base: workspace.logits,
            stride: workspace.layout.logitStride, kernels: plan.kernels)
    }

    /// False if the step was broken off.
    private static func run(
        _ program: inout ck_program, _ step: inout ck_step, on team: ThreadTeam, while isWanted: () -> Bool
    ) -> Bool {
        withoutActuallyEscaping(isWanted) { isWanted in
            withUnsafePointer(to: Asker(isWanted: isWanted)) { asker in
                ck_forward(
                    team.team, &program, &step,
                    { $0?.assumingMemoryBound(to: Asker.self).pointee.isWanted() ?? true }, asker)
            }
        }
    }

    private struct Asker {
        let isWanted: () -> Bool
    }

    /// The norm once more: the forward pass writes it in the form that the output matrix is multiplied with.
    package func hiddenState(_ row: Int) -> [Float] {
        precondition((0..<capacity.logitRows).contains(row), "no such row of logits")
        return Array(unsafeUninitializedCapacity: width) { values, count in
            let kernels = plan.kernels.table.pointee, input = workspace.wantedStream + row * width
            let scale = kernels.inverse_rms(input, plan.configuration.normEpsilon, width)
            kernels.scale(values.baseAddress, input, scale, weights.vector(weights.layout.outputNorm), width)
            count = width
        }
    }

    package func copyBlock(_ source: Int32, to target: Int32) {
        memory(of: target).copyMemory(from: UnsafeRawBufferPointer(memory(of: source)))
    }

    package func memory(of block: Int32) -> UnsafeMutableRawBufferPointer {
        precondition((0..<blockCount).contains(Int(block)), "no such block")
        let bytes = plan.blockBytes
        return UnsafeMutableRawBufferPointer(start: cache.base + Int(block) * bytes, count: bytes)
    }

    package func share(_ items: Int, _ work: (_ item: Int, _ worker: Int) -> Void) { team.share(items, work) }

    /// The kernels trust these numbers with memory.
    private func check(_ batch: borrowing Batch) {
        precondition(batch.tokens.count <= capacity.rows, "more rows than the model has room for")
        precondition(batch.logitRows.count <= capacity.logitRows, "more logits than the model has room for")
        let vocabulary = UInt32(vocabularySize), blocks = UInt32(blockCount)
        precondition(batch.tokens.allSatisfy { UInt32(bitPattern: $0) < vocabulary }, "token outside the vocabulary")
        precondition(batch.blockTable.allSatisfy { UInt32(bitPattern: $0) < blocks }, "K/V block outside the pool")
    }

    private static func frequencies(_ model: ModelConfiguration) -> UnsafeMutableBufferPointer<Double> {
        let frequencies = model.rotaryFrequencies
        let buffer = UnsafeMutableBufferPointer<Double>.allocate(capacity: frequencies.count)
        _ = buffer.initialize(from: frequencies)
        return buffer
    }

    private static func program(
        _ plan: MemoryPlan, workspace: Workspace, cache: PageMemory, frequencies: UnsafeMutableBufferPointer<Double>,
        operations: UnsafeMutableBufferPointer<ck_operation>
    ) -> ck_program {
        let model = plan.configuration
        return ck_program(
            table: plan.kernels.table, width: model.width, inner: WeightLayout.padded(model.feedForwardWidth),
            heads: model.heads,
            kv_heads: model.keyValueHeads, head_size: model.headSize, epsilon: model.normEpsilon,
            frequencies: frequencies.baseAddress, cache_format: plan.cacheFormat.pointer,
            cache: cache.base.assumingMemoryBound(to: UInt8.self),
            layers: model.layers, stream: workspace.stream, projected: workspace.projected,
            cosines: workspace.cosines, sines: workspace.sines,
            operands: (
                workspace.operands(CK_FLOATS), workspace.operands(CK_INTEGERS), workspace.operands(CK_SINGLES)
            ),
            inner_operands: (
                workspace.innerOperands(CK_FLOATS), workspace.innerOperands(CK_INTEGERS),
                workspace.innerOperands(CK_SINGLES)
            ),
            scratch: workspace.scratch, scratch_bytes: workspace.layout.scratchBytes,
            operations: operations.baseAddress,
            operation_count: operations.count)
    }
}

import CKernels

/// Where the activations of the largest step lie. Sizes only.
struct WorkspaceLayout {
    let stream: Int
    let wantedStream: Int
    let projected: Int
    let cosines: Int
    let sines: Int
    /// For each form of activations.
    let operands: [Int]
    let innerOperands: [Int]
    let logits: Int
    let positions: Int
    let spans: Int
    let cohorts: Int
    let scratch: Int
    /// Of one worker.
    let scratchBytes: Int
    /// Floats from one row of logits to the next.
    let logitStride: Int
    let bytes: Int

    init(
        _ model: ModelConfiguration, weights: WeightLayout, kernels: KernelTable, cache: CacheFormat, threads: Int,
        capacity: BatchCapacity
    ) {
        let float = MemoryLayout<Float>.stride
        let rows = capacity.rows
        let attention = model.heads * model.headSize
        let depth = max(model.width, attention)
        let inner = WeightLayout.padded(model.feedForwardWidth)
        let used = Set(weights.productPanels.map(\.form.rawValue))
        let half = model.headSize / 2
        logitStride = WeightLayout.padded(model.vocabularySize)
        scratchBytes = ck_scratch_bytes(kernels.table, cache.pointer, model.headSize, model.groupSize, model.width)

        var memory = PageLayout()
        stream = memory.place(rows * model.width * float)
        wantedStream = memory.place(capacity.logitRows * model.width * float)
        projected = memory.place(rows * (attention + 2 * model.keyValueHeads * model.headSize) * float)
        cosines = memory.place(rows * half * float)
        sines = memory.place(rows * half * float)
        func columns(_ depth: Int) -> [Int] {
            [CK_FLOATS, CK_INTEGERS, CK_SINGLES].map { form in
                let used = used.contains(form.rawValue)
                return memory.place(used ? rows * kernels.form(form).column_bytes(depth) : 0)
            }
        }
        operands = columns(depth)
        innerOperands = columns(inner)
        logits = memory.place(capacity.logitRows * logitStride * float)
        positions = memory.place(rows * MemoryLayout<Int32>.stride)
        spans = memory.place(rows * MemoryLayout<ck_span>.stride)
        cohorts = memory.place(rows * MemoryLayout<ck_cohort>.stride)
        scratch = memory.place(threads * scratchBytes)
        bytes = memory.bytes
    }
}

/// Activations, logits and scratch, sized once for the largest step.
struct Workspace {
    private let memory: PageMemory
    let layout: WorkspaceLayout

    init(_ layout: WorkspaceLayout) throws(RuntimeError) {
        memory = try PageMemory(bytes: layout.bytes)
        self.layout = layout
    }

    /// (rows, width)
    var stream: UnsafeMutablePointer<Float> { floats(layout.stream) }
    /// (logit rows, width): the residual stream of the rows whose logits are wanted
    var wantedStream: UnsafeMutablePointer<Float> { floats(layout.wantedStream) }
    /// (rows, queries + keys + values)
    var projected: UnsafeMutablePointer<Float> { floats(layout.projected) }
    /// (rows, headSize / 2)
    var cosines: UnsafeMutablePointer<Float> { floats(layout.cosines) }
    var sines: UnsafeMutablePointer<Float> { floats(layout.sines) }
    /// (rows, the wider of width and attention) for each form, in the order of the kernels
    func operands(_ form: ck_form_kind) -> UnsafeMutableRawPointer {
        memory.base + layout.operands[Int(form.rawValue)]
    }
    /// (rows, feed-forward width) for each form, in the order of the kernels
    func innerOperands(_ form: ck_form_kind) -> UnsafeMutableRawPointer {
        memory.base + layout.innerOperands[Int(form.rawValue)]
    }
    /// (logit rows, logitStride)
    var logits: UnsafeMutablePointer<Float> { floats(layout.logits) }
    /// (rows)
    var positions: UnsafeMutablePointer<Int32> {
        (memory.base + layout.positions).assumingMemoryBound(to: Int32.self)
    }
    /// (rows): a step has at most one span a row
    var spans: UnsafeMutablePointer<ck_span> { (memory.base + layout.spans).assumingMemoryBound(to: ck_span.self) }
    /// (rows): at most one a span
    var cohorts: UnsafeMutablePointer<ck_cohort> {
        (memory.base + layout.cohorts).assumingMemoryBound(to: ck_cohort.self)
    }
    var scratch: UnsafeMutablePointer<UInt8> { (memory.base + layout.scratch).assumingMemoryBound(to: UInt8.self) }

    private func floats(_ offset: Int) -> UnsafeMutablePointer<Float> {
        (memory.base + offset).assumingMemoryBound(to: Float.self)
    }
}

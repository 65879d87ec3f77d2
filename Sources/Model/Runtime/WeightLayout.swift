import CKernels

/// Where each weight lies once it is laid out for the kernels. Sizes only; no memory.
struct WeightLayout {
    /// A panel: `rows` and `depth` padded, `offset` in the weight memory.
    struct Panel {
        let offset: Int
        let rows: Int
        let depth: Int
    }

    struct Layer {
        let attentionNorm: Int
        /// Query, key and value rows, one after another.
        let queryKeyValue: Panel
        let attentionOutput: Panel
        let feedForwardNorm: Int
        /// Rows of gate and up in turn, `CK_GATE_ROWS` of each.
        let gateUp: Panel
        let down: Panel
    }

    let embedding: Panel
    let layers: [Layer]
    let outputNorm: Int
    /// The embedding table where the model has no head of its own.
    let output: Panel
    let bytes: Int

    init(_ model: ModelConfiguration, kernels: KernelTable) {
        let weightBytes = kernels.table.pointee.weight_bytes
        let inner = Self.paddedInner(model)
        let attention = model.heads * model.headSize
        let keys = model.keyValueHeads * model.headSize
        var memory = PageLayout()
        func panel(_ rows: Int, _ depth: Int) -> Panel {
            let padded = Self.padded(rows, to: Int(CK_STRIP))
            return Panel(offset: memory.place(padded * depth * weightBytes), rows: padded, depth: depth)
        }
        func vector() -> Int { memory.place(model.width * MemoryLayout<Float>.stride) }

        embedding = panel(model.vocabularySize, model.width)
        layers = (0..<model.layers).map { _ in
            Layer(
                attentionNorm: vector(), queryKeyValue: panel(attention + 2 * keys, model.width),
                attentionOutput: panel(model.width, attention), feedForwardNorm: vector(),
                gateUp: panel(2 * inner, model.width), down: panel(model.width, inner))
        }
        outputNorm = vector()
        output = model.tiedEmbeddings ? embedding : panel(model.vocabularySize, model.width)
        bytes = memory.bytes
    }

    /// Feed-forward width as the kernels see it; the padding computes zeros.
    static func paddedInner(_ model: ModelConfiguration) -> Int {
        padded(model.feedForwardWidth, to: Int(CK_GATE_ROWS))
    }

    static func padded(_ count: Int, to unit: Int) -> Int { (count + unit - 1) / unit * unit }
}

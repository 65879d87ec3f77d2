import CKernels

/// Where each weight lies once it is laid out for the kernels. Sizes only; no memory.
struct WeightLayout {
    /// The strips of one tensor: `rows` and `depth` padded to whole strips, `offset` in the weight memory.
    struct Panel {
        let offset: Int
        let strips: Int
        let depth: Int
        let stripBytes: Int
        let format: WeightFormat

        var bytes: Int { strips * stripBytes }
        var form: ck_form_kind { format.form }
    }

    struct Layer {
        let attentionNorm: Int
        let query: Panel
        let key: Panel
        let value: Panel
        let attentionOutput: Panel
        let feedForwardNorm: Int
        let gate: Panel
        let up: Panel
        let down: Panel

        var panels: [Panel] { [query, key, value, attentionOutput, gate, up, down] }
    }

    let embedding: Panel
    let layers: [Layer]
    let outputNorm: Int
    /// The embedding table where the model has no head of its own.
    let output: Panel
    let bytes: Int

    /// Each tensor is kept as its type demands.
    init(_ model: ModelConfiguration, kernels: KernelTable, type: (TensorRole) -> TensorType?) {
        var memory = PageLayout()
        func panel(_ role: TensorRole) -> Panel {
            let shape = role.shape(in: model), depth = Self.padded(shape.columns)
            let format = kernels.format(of: type(role) ?? .f32)
            let strips = Self.padded(shape.rows) / Int(CK_STRIP), stripBytes = format.stripBytes(depth: depth)
            return Panel(
                offset: memory.place(strips * stripBytes), strips: strips, depth: depth, stripBytes: stripBytes,
                format: format)
        }
        func vector() -> Int { memory.place(model.width * MemoryLayout<Float>.stride) }

        embedding = panel(.embedding)
        layers = (0..<model.layers).map { layer in
            func part(_ tensor: LayerTensor) -> Panel { panel(.layer(layer, tensor)) }
            return Layer(
                attentionNorm: vector(), query: part(.query), key: part(.key), value: part(.value),
                attentionOutput: part(.attentionOutput), feedForwardNorm: vector(), gate: part(.gate), up: part(.up),
                down: part(.down))
        }
        outputNorm = vector()
        output = model.tiedEmbeddings ? embedding : panel(.output)
        bytes = memory.bytes
    }

    /// Everything that a decode step reads, whatever the batch.
    var productPanels: [Panel] { layers.flatMap(\.panels) + [output] }

    /// To whole strips; the padding computes zeros.
    static func padded(_ count: Int) -> Int { (count + Int(CK_STRIP) - 1) / Int(CK_STRIP) * Int(CK_STRIP) }
}

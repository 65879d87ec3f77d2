import CKernels

/// Reads a checkpoint into the memory of `Weights`, tensor after tensor, the rows of each shared over the team.
struct WeightLoader {
    let checkpoint: Checkpoint
    let weights: Weights
    let team: ThreadTeam
    private let total: Int
    private var done = 0
    private let progress: (Double) -> Void

    /// `progress` is told the share of the bytes read, 0 to 1, on the calling thread.
    init(
        checkpoint: Checkpoint, weights: Weights, team: ThreadTeam, progress: @escaping (Double) -> Void
    ) {
        self.checkpoint = checkpoint
        self.weights = weights
        self.team = team
        self.progress = progress
        total = max(1, checkpoint.byteCount)
    }

    mutating func load() throws(RuntimeError) {
        let layout = weights.layout
        try lay(.embedding, in: layout.embedding)
        for (index, layer) in layout.layers.enumerated() {
            try copy(.layer(index, .attentionNorm), to: layer.attentionNorm)
            try lay(.layer(index, .query), in: layer.query)
            try lay(.layer(index, .key), in: layer.key)
            try lay(.layer(index, .value), in: layer.value)
            try lay(.layer(index, .attentionOutput), in: layer.attentionOutput)
            try copy(.layer(index, .feedForwardNorm), to: layer.feedForwardNorm)
            try lay(.layer(index, .gate), in: layer.gate)
            try lay(.layer(index, .up), in: layer.up)
            try lay(.layer(index, .down), in: layer.down)
        }
        try copy(.outputNorm, to: layout.outputNorm)
        if !checkpoint.configuration.tiedEmbeddings { try lay(.output, in: layout.output) }
        progress(1)
    }

    private mutating func lay(_ role: TensorRole, in panel: WeightLayout.Panel) throws(RuntimeError) {
        let tensor = try stored(role)
        try PanelJob(tensor: tensor, panel: panel, memory: weights.memory(of: panel), workers: team.workers).run(
            on: team)
        advance(by: tensor)
    }

    private mutating func copy(_ role: TensorRole, to offset: Int) throws(RuntimeError) {
        let tensor = try stored(role)
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: tensor.rowBytes, alignment: 64)
        defer { bytes.deallocate() }
        do { try tensor.read(row: 0, count: 1, into: bytes) } catch { throw .checkpoint(error) }
        ck_dequantize(tensor.type.kernelType, bytes.baseAddress, weights.vector(offset), tensor.columns)
        advance(by: tensor)
    }

    private func stored(_ role: TensorRole) throws(RuntimeError) -> StoredTensor {
        guard let tensor = checkpoint.tensor(role) else {
            throw .checkpoint(.missing(file: checkpoint.name, what: "tensor", names: ["\(role)"]))
        }
        return tensor
    }

    private mutating func advance(by tensor: StoredTensor) {
        done += tensor.byteCount
        progress(min(1, Double(done) / Double(total)))
    }
}

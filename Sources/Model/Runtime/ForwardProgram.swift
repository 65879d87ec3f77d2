import CKernels

/// The forward pass as the list of operations that the team works off, one after another.
struct ForwardProgram {
    private(set) var operations: [ck_operation] = []
    /// What the norms and the attention leave for the next product.
    private let operands: UnsafeRawPointer
    private let width: Int

    init(_ model: ModelConfiguration, weights: Weights, workspace: Workspace) {
        operands = UnsafeRawPointer(workspace.operands)
        width = model.width
        let layout = weights.layout
        let projectedWidth = (model.heads + 2 * model.keyValueHeads) * model.headSize

        embed(weights.matrix(layout.embedding))
        for (index, layer) in layout.layers.enumerated() {
            norm(workspace.stream, weights.vector(layer.attentionNorm))
            multiply(weights.matrix(layer.queryKeyValue), to: workspace.projected, stride: projectedWidth)
            rotate(layer: index)

            // Past the last layer's keys and values, only rows whose logits are wanted matter.
            let last = index == model.layers - 1
            let rows = last ? CK_WANTED_ROWS : CK_ALL_ROWS
            let stream = last ? workspace.wantedStream : workspace.stream
            attend(layer: index, rows)
            if last { gather(to: stream) }
            pack(rows)
            multiply(weights.matrix(layer.attentionOutput), addingTo: stream, rows)

            norm(stream, weights.vector(layer.feedForwardNorm), rows)
            gate(weights.matrix(layer.gateUp), rows)
            multiply(weights.matrix(layer.down), UnsafeRawPointer(workspace.innerOperands), addingTo: stream, rows)
        }
        norm(workspace.wantedStream, weights.vector(layout.outputNorm), CK_WANTED_ROWS)
        multiply(
            weights.matrix(layout.output), to: workspace.logits, stride: workspace.layout.logitStride, CK_WANTED_ROWS)
    }

    private mutating func embed(_ table: ck_matrix) {
        add(CK_EMBED) { $0.matrix = table }
    }

    /// operands = norm(input) * weight
    private mutating func norm(
        _ input: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ rows: ck_rows = CK_ALL_ROWS
    ) {
        add(CK_NORM, rows) {
            $0.input = input
            $0.weight = weight
        }
    }

    /// output = matrix x operands
    private mutating func multiply(
        _ matrix: ck_matrix, to output: UnsafeMutablePointer<Float>, stride: Int, _ rows: ck_rows = CK_ALL_ROWS
    ) {
        add(CK_MULTIPLY, rows) { [operands] in
            $0.matrix = matrix
            $0.operands = operands
            $0.output = output
            $0.output_stride = stride
        }
    }

    /// stream += matrix x operands, or x `inner` operands where given
    private mutating func multiply(
        _ matrix: ck_matrix, _ inner: UnsafeRawPointer? = nil, addingTo stream: UnsafeMutablePointer<Float>,
        _ rows: ck_rows
    ) {
        add(CK_MULTIPLY, rows) { [operands, width] in
            $0.matrix = matrix
            $0.operands = inner ?? operands
            $0.output = stream
            $0.output_stride = width
            $0.add = true
        }
    }

    /// inner operands = silu(gate x operands) * (up x operands)
    private mutating func gate(_ matrix: ck_matrix, _ rows: ck_rows) {
        add(CK_GATE, rows) { [operands] in
            $0.matrix = matrix
            $0.operands = operands
        }
    }

    private mutating func rotate(layer: Int) {
        add(CK_ROTATE) { $0.layer = layer }
    }

    private mutating func attend(layer: Int, _ rows: ck_rows) {
        add(CK_ATTEND, rows) { $0.layer = layer }
    }

    private mutating func pack(_ rows: ck_rows) { add(CK_PACK, rows) { _ in } }

    private mutating func gather(to stream: UnsafeMutablePointer<Float>) {
        add(CK_GATHER, CK_WANTED_ROWS) { $0.output = stream }
    }

    private mutating func add(
        _ kind: ck_kind, _ rows: ck_rows = CK_ALL_ROWS, _ fill: (inout ck_operation) -> Void
    ) {
        var operation = ck_operation()
        operation.kind = kind
        operation.rows = rows
        fill(&operation)
        operations.append(operation)
    }
}

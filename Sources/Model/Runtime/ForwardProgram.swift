import CKernels

/// The forward pass as the list of operations that the team works off, one after another.
struct ForwardProgram {
    private(set) var operations: [ck_operation] = []
    private let weights: Weights
    private let width: Int

    init(_ model: ModelConfiguration, weights: Weights, workspace: Workspace) {
        self.weights = weights
        width = model.width
        let layout = weights.layout
        let projectedWidth = (model.heads + 2 * model.keyValueHeads) * model.headSize

        embed(layout.embedding)
        for (index, layer) in layout.layers.enumerated() {
            let projections = [layer.query, layer.key, layer.value]
            norm(workspace.stream, weights.vector(layer.attentionNorm), for: projections)
            multiply(projections, to: workspace.projected, stride: projectedWidth)
            rotate(layer: index)

            // Past the last layer's keys and values, only rows whose logits are wanted matter.
            let last = index == model.layers - 1
            let rows = last ? CK_WANTED_ROWS : CK_ALL_ROWS
            let stream = last ? workspace.wantedStream : workspace.stream
            attend(layer: index, rows)
            if last { gather(to: stream) }
            pack(for: layer.attentionOutput, rows)
            multiply(layer.attentionOutput, addingTo: stream, rows)

            norm(stream, weights.vector(layer.feedForwardNorm), for: [layer.gate, layer.up], rows)
            gate(layer.gate, layer.up, for: layer.down, rows)
            multiply(layer.down, inner: true, addingTo: stream, rows)
        }
        norm(workspace.wantedStream, weights.vector(layout.outputNorm), for: [layout.output], CK_WANTED_ROWS)
        multiply([layout.output], to: workspace.logits, stride: workspace.layout.logitStride, CK_WANTED_ROWS)
    }

    private mutating func embed(_ table: WeightLayout.Panel) {
        add(CK_EMBED, [table])
    }

    /// operands = norm(input) * weight, in the forms that `panels` are multiplied with
    private mutating func norm(
        _ input: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, for panels: [WeightLayout.Panel],
        _ rows: ck_rows = CK_ALL_ROWS
    ) {
        add(CK_NORM, rows: rows) {
            $0.input = input
            $0.weight = weight
            $0.forms = Self.forms(of: panels)
        }
    }

    /// output = panels x operands
    private mutating func multiply(
        _ panels: [WeightLayout.Panel], to output: UnsafeMutablePointer<Float>, stride: Int,
        _ rows: ck_rows = CK_ALL_ROWS
    ) {
        add(CK_MULTIPLY, panels, rows: rows) {
            $0.output = output
            $0.output_stride = stride
        }
    }

    /// stream += panel x operands
    private mutating func multiply(
        _ panel: WeightLayout.Panel, inner: Bool = false, addingTo stream: UnsafeMutablePointer<Float>, _ rows: ck_rows
    ) {
        add(CK_MULTIPLY, [panel], rows: rows) { [width] in
            $0.inner = inner
            $0.output = stream
            $0.output_stride = width
            $0.add = true
        }
    }

    /// inner operands = silu(gate x operands) * (up x operands)
    private mutating func gate(
        _ gate: WeightLayout.Panel, _ up: WeightLayout.Panel, for down: WeightLayout.Panel, _ rows: ck_rows
    ) {
        add(CK_GATE, [gate, up], rows: rows) { $0.forms = Self.forms(of: [down]) }
    }

    private mutating func rotate(layer: Int) {
        add(CK_ROTATE) { $0.layer = layer }
    }

    private mutating func attend(layer: Int, _ rows: ck_rows) {
        add(CK_ATTEND, rows: rows) { $0.layer = layer }
    }

    private mutating func pack(for panel: WeightLayout.Panel, _ rows: ck_rows) {
        add(CK_PACK, rows: rows) { $0.forms = Self.forms(of: [panel]) }
    }

    private mutating func gather(to stream: UnsafeMutablePointer<Float>) {
        add(CK_GATHER, rows: CK_WANTED_ROWS) { $0.output = stream }
    }

    /// At most CK_MATRICES panels.
    private mutating func add(
        _ kind: ck_kind, _ panels: [WeightLayout.Panel] = [], rows: ck_rows = CK_ALL_ROWS,
        _ fill: (inout ck_operation) -> Void = { _ in }
    ) {
        var operation = ck_operation()
        operation.kind = kind
        operation.rows = rows
        operation.matrix_count = panels.count
        let matrices = panels.map(weights.matrix)
        withUnsafeMutableBytes(of: &operation.matrices) { places in
            matrices.withUnsafeBytes { places.copyMemory(from: $0) }
        }
        fill(&operation)
        operations.append(operation)
    }

    private static func forms(of panels: [WeightLayout.Panel]) -> UInt32 {
        panels.reduce(0) { $0 | 1 << $1.form.rawValue }
    }
}

import CKernels

/// The weights of a model in memory, as the kernels read them. Constant once loaded.
struct Weights {
    private let memory: PageMemory
    let layout: WeightLayout

    init(_ layout: WeightLayout) throws(RuntimeError) {
        memory = try PageMemory(bytes: layout.bytes)
        self.layout = layout
    }

    func matrix(_ panel: WeightLayout.Panel) -> ck_matrix {
        ck_matrix(panel: memory.base + panel.offset, rows: panel.rows, depth: panel.depth)
    }

    func panelMemory(_ panel: WeightLayout.Panel) -> UnsafeMutableRawPointer { memory.base + panel.offset }

    /// (width) float32
    func vector(_ offset: Int) -> UnsafeMutablePointer<Float> {
        (memory.base + offset).assumingMemoryBound(to: Float.self)
    }
}

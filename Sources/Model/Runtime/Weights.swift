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
        ck_matrix(
            format: panel.format.pointer, panel: memory(of: panel), strips: panel.strips, depth: panel.depth,
            strip_bytes: panel.stripBytes)
    }

    /// All of it, padding included.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory.base, count: memory.count) }

    func memory(of panel: WeightLayout.Panel) -> UnsafeMutableRawPointer { memory.base + panel.offset }

    /// (width) float32
    func vector(_ offset: Int) -> UnsafeMutablePointer<Float> {
        (memory.base + offset).assumingMemoryBound(to: Float.self)
    }
}

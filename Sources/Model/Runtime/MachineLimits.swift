package import CKernels

/// What the machine gives right now: the limits beside which a model's speed is judged. Takes about a second and
/// a gibibyte; on a shared machine measure it in the same minute as the model.
package struct MachineLimits: Sendable {
    /// Streaming reads from memory by the whole team.
    package let bytesPerSecond: Double
    /// Multiply-adds by the whole team on activations of the form, from registers and the first-level cache.
    package let productsPerSecond: Double

    package init(team: ThreadTeam, kernels: KernelTable, form: ck_form_kind) throws(RuntimeError) {
        let memory = try PageMemory(bytes: 1 << 30)
        ck_touch(team.team, memory.base, memory.count)
        bytesPerSecond = ck_read_rate(team.team, memory.base, memory.count, 32)
        productsPerSecond = ck_product_rate(team.team, kernels.table, form, 80)
    }
}

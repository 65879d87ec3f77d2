package import CKernels

/// What the machine gives right now: the limits beside which a model's speed is judged. On a shared machine they change
/// from one minute to the next, so take them just before and just after what they are for. Holds a gibibyte.
package final class MachineLimits {
    package struct Sample: Sendable {
        /// Streaming reads from memory by the whole team, on average: a model reads for seconds, in which the best five
        /// milliseconds can be half as fast again as most.
        package let bytesPerSecond: Double
        /// Multiply-adds by the whole team on activations of the form, from registers and the first-level cache.
        package let productsPerSecond: Double
    }

    private let team: ThreadTeam
    private let kernels: KernelTable
    private let form: ck_form_kind
    private let memory: PageMemory

    package init(team: ThreadTeam, kernels: KernelTable, form: ck_form_kind) throws(RuntimeError) {
        (self.team, self.kernels, self.form) = (team, kernels, form)
        memory = try PageMemory(bytes: 1 << 30)
        ck_touch(team.team, memory.base, memory.count)
    }

    /// How many times the memory is read for one sample: a tenth of a second together.
    private static let reads = 4

    private func sample() -> Sample {
        let rates = (0..<Self.reads).map { _ in ck_read_rate(team.team, memory.base, memory.count) }
        return Sample(
            bytesPerSecond: rates.reduce(0, +) / Double(Self.reads),
            productsPerSecond: ck_product_rate(team.team, kernels.table, form, 40))
    }

    /// What `measure` returns, and the means of the limits before and after it.
    package func around<Result>(_ measure: () -> Result) -> (Result, Sample) {
        let before = sample(), result = measure(), after = sample()
        return (
            result,
            Sample(
                bytesPerSecond: (before.bytesPerSecond + after.bytesPerSecond) / 2,
                productsPerSecond: (before.productsPerSecond + after.productsPerSecond) / 2)
        )
    }
}

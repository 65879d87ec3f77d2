import ArgumentParser
import Foundation
import Model

/// Times the forward pass alone, beside what the machine can do.
struct BenchModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "Measure prefill and decode speed, as a share of memory bandwidth and peak arithmetic.")

    @Argument(help: "A GGUF file or a safetensors directory; the bundled model without it.")
    var model: String?
    @Option(help: "Tokens of the prompt.")
    var prefill = 512
    @Option(help: "Decode steps to time at each batch size.")
    var steps = 32
    @Option(help: "Batch sizes to decode with.")
    var batches: [Int] = [1, 4, 16]
    @Option(help: "Runs of each measurement; the median counts.")
    var runs = 3
    @Option(help: "Threads that compute; the cores this process may use without it.")
    var threads: Int?
    @Option(help: "Who multiplies matrices: kernels or openblas.")
    var backend = BackendName.kernels

    func validate() throws {
        guard prefill > 0, steps > 0, runs > 0, batches.allSatisfy({ (1...128).contains($0) }) else {
            throw ValidationError("Counts must be positive, batches at most 128.")
        }
    }

    func run() throws {
        let checkpoint = try ModelSource(path: model).open()
        let longest = max(prefill, steps + 64)
        let sequences = max(1, batches.max() ?? 1)
        let settings = RuntimeSettings(
            backend: backend == .openblas ? .openblas : .native, threads: threads,
            capacity: BatchCapacity(rows: max(prefill, sequences), runs: sequences, logitRows: sequences))
        let start = ContinuousClock.now
        let plan = try MemoryPlan(checkpoint: checkpoint, settings: settings)
        let model = try LlamaModel(checkpoint: checkpoint, plan: plan)
        print(plan)
        print("loaded in \(Self.rounded((ContinuousClock.now - start) / .seconds(1))) s\n")
        guard longest <= model.contextLength, KVBlock.count(for: longest) * sequences <= model.blockCount else {
            throw ValidationError("The context or the K/V pool is too small for this benchmark.")
        }
        try measure(ModelStopwatch(model: model, runs: runs))
    }

    private func measure(_ stopwatch: ModelStopwatch) throws {
        let plan = stopwatch.model.plan
        let limits = try MachineLimits(team: stopwatch.model.team, kernels: plan.kernels, form: plan.mainForm)
        print("memory bandwidth \(Self.rounded(limits.bytesPerSecond / 1e9)) GB/s")
        print("peak arithmetic  \(Self.rounded(limits.productsPerSecond / 1e9)) G multiply-adds/s\n")
        let rate = stopwatch.prefill(tokens: prefill)
        let macs = Double(plan.layerProductsPerToken)
        report("prefill \(prefill)", rate, share: rate * macs / limits.productsPerSecond, of: "peak arithmetic")
        for batch in batches {
            let rate = stopwatch.decode(batch: batch, steps: steps)
            let bytes = Double(plan.weightBytesPerStep) * rate / Double(batch)
            report("decode x \(batch)", rate, share: bytes / limits.bytesPerSecond, of: "memory bandwidth")
        }
    }

    private func report(_ what: String, _ rate: Double, share: Double, of limit: String) {
        let name = what.padding(toLength: 14, withPad: " ", startingAt: 0)
        print("\(name) \(Self.rounded(rate)) tokens/s, \(Self.rounded(share * 100)) % of \(limit)")
    }

    private static func rounded(_ value: Double) -> String { String(format: "%.1f", value) }
}

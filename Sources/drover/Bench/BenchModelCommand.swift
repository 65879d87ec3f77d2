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
    @Option(help: "Tokens of the prompt, repeat for several.")
    var prefill: [Int] = [512]
    @Option(help: "Decode steps to time at each batch size.")
    var steps = 32
    @Option(help: "Batch size to decode with, repeat for several.")
    var batches: [Int] = [1, 4, 16]
    @Option(help: "Tokens that each sequence has before it decodes.")
    var context = 32
    @Option(help: "Runs of each measurement; the median counts.")
    var runs = 3
    @Option(help: "Threads that compute; the cores this process may use without it.")
    var threads: Int?
    @Option(help: "Who multiplies matrices: kernels or openblas.")
    var backend = BackendName.kernels
    @Flag(help: "Print the report as JSON.")
    var json = false

    func validate() throws {
        guard steps > 0, runs > 0, prefill.allSatisfy({ $0 > 0 }), batches.allSatisfy({ (1...128).contains($0) }),
            (threads ?? 1) > 0
        else { throw ValidationError("Counts must be positive, batches at most 128.") }
        guard (1...Self.longest).contains(context), steps <= Self.longest,
            prefill.allSatisfy({ $0 <= Self.longest })
        else { throw ValidationError("Lengths must be 1 to \(Self.longest).") }
    }

    /// Far beyond any model.
    private static let longest = 1 << 24

    func run() throws {
        let checkpoint = try ModelSource(path: model).open()
        let longestPrompt = prefill.max() ?? 0
        let sequences = max(1, batches.max() ?? 1)
        let settings = RuntimeSettings(
            backend: backend == .openblas ? .openblas : .native, threads: threads,
            capacity: BatchCapacity(
                rows: max(longestPrompt, sequences, min(context, ModelStopwatch.contextChunk)), runs: sequences,
                logitRows: sequences))
        let start = ContinuousClock.now
        let plan = try MemoryPlan(checkpoint: checkpoint, settings: settings)
        let model = try LlamaModel(checkpoint: checkpoint, plan: plan)
        show("\(plan)")
        show(String(format: "loaded in %.1f s\n", (ContinuousClock.now - start) / .seconds(1)))
        let longest = max(longestPrompt, batches.isEmpty ? 0 : context + steps)
        guard longest <= model.contextLength, KVBlock.count(for: longestPrompt) <= model.blockCount,
            batches.isEmpty || KVBlock.count(for: context + steps) * sequences <= model.blockCount
        else { throw ValidationError("The context or the K/V pool is too small for this benchmark.") }
        let limits = try MachineLimits(team: model.team, kernels: plan.kernels, form: plan.mainForm)
        let report = measure(ModelStopwatch(model: model, limits: limits, runs: runs))
        if json { try ReportFile.standardOutput.write(report.json) }
    }

    private func measure(_ stopwatch: ModelStopwatch) -> ModelReport {
        let plan = stopwatch.model.plan
        var report = ModelReport(plan: plan)
        for tokens in prefill {
            let runs = stopwatch.prefill(tokens: tokens)
            show(report.add(.init(.prefill(tokens: tokens), runs, cost: Double(plan.layerProductsPerToken))))
        }
        for batch in batches {
            let runs = stopwatch.decode(batch: batch, context: context, steps: steps)
            let cached = Double(plan.cacheBytesPerToken) * (Double(context) + Double(steps) / 2)
            let cost = Double(plan.weightBytesPerStep) / Double(batch) + cached
            show(report.add(.init(.decode(batch: batch, context: context), runs, cost: cost)))
        }
        return report
    }

    private func show(_ line: String) {
        if !json { Terminal.output(line + "\n") }
    }
}

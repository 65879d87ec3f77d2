import Foundation
import Model
import Testing

/// The forward pass against transformers, fed the reference's own ids.
struct OracleTests {
    /// How near a path must come.
    struct Bounds {
        let mean: Double
        /// Least lead of the reference's best id over its second at which ours must be the same.
        let margin: Double

        static let float32 = Bounds(mean: 1e-4, margin: 1e-3)
        static let bfloat16 = Bounds(mean: 0.025, margin: 0.15)
    }

    struct Path: CustomTestStringConvertible, Sendable {
        let backend: RuntimeSettings.Backend
        let kernels: String
        var testDescription: String { kernels }

        static var all: [Path] {
            KernelTable.supported.map { Path(backend: .native, kernels: $0.name) }
                + [Path(backend: .openblas, kernels: "openblas")]
        }

        var bounds: Bounds { kernels == "reference" || kernels == "openblas" ? .float32 : .bfloat16 }
    }

    @Test(arguments: Path.all, ["oracle-a", "oracle-a.gguf"])
    func `agrees with transformers on a tied model with scaled rope`(path: Path, file: String) throws {
        try compare(file, with: "oracle-a", path: path)
    }

    @Test(arguments: Path.all, ["oracle-d", "oracle-d.gguf"])
    func `agrees with transformers on an untied model without scaling`(path: Path, file: String) throws {
        try compare(file, with: "oracle-d", path: path)
    }

    private func compare(_ file: String, with oracle: String, path: Path) throws {
        let checkpoint = try Checkpoint(path: TestData.fixtures.appending(path: file).path)
        let folder = TestData.fixtures.appending(path: oracle)
        try compare(
            checkpoint, checkpoint.configuration, with: OracleReference(folder.appending(path: "exact.json")),
            path: path)
        try compare(
            checkpoint, checkpoint.configuration.withRoundedRotation,
            with: OracleReference(folder.appending(path: "reference.json")), path: path)
    }

    private func compare(
        _ checkpoint: Checkpoint, _ configuration: ModelConfiguration, with reference: OracleReference, path: Path
    ) throws {
        let settings = RuntimeSettings(
            backend: path.backend, kernels: path.backend == .native ? path.kernels : nil, threads: 2,
            cacheBytes: 64 << 20, capacity: BatchCapacity(rows: 256, runs: 4, logitRows: 256))
        let plan = try MemoryPlan(checkpoint: checkpoint, configuration: configuration, settings: settings)
        let model = try LlamaModel(checkpoint: checkpoint, plan: plan)
        var difference = 0.0
        var count = 0
        for example in reference.cases {
            let tokens = example.prompt + example.greedy
            var conversation = Conversation(positions: tokens.count, scattered: true)
            model.read(tokens, chunk: 200, conversation: &conversation) { row, logits in
                if row + 1 < example.prompt.count, let expected = example.promptLogprobs[row + 1] {
                    difference += abs(logits.logprob(example.prompt[row + 1]) - expected)
                    count += 1
                }
                let step = row - example.prompt.count + 1
                guard example.steps.indices.contains(step) else { return }
                let top = example.steps[step]
                for entry in top {
                    difference += abs(logits.logprob(entry.id) - entry.logprob)
                    count += 1
                }
                if top[0].logprob - top[1].logprob >= path.bounds.margin {
                    #expect(logits.argmax().index == Int(top[0].id), "\(path.kernels), step \(step)")
                }
            }
        }
        #expect(count > 2000)
        let mean = difference / Double(max(count, 1))
        #expect(mean <= path.bounds.mean, "mean \(mean)")
    }
}

extension ModelConfiguration {
    /// reference.json was computed by a model whose buffers had been cast to bfloat16 and back, its rotary
    /// frequencies among them. A model as transformers loads it keeps them in float32, and so do we (exact.json);
    /// only here they are rounded likewise.
    fileprivate var withRoundedRotation: Self {
        var copy = self
        for index in ropeDivisors.indices {
            let unscaled = pow(ropeBase, -2 * Double(index) / Double(headSize))
            let exact = Float(unscaled / Double(ropeDivisors[index]))
            let rounded = (exact.bitPattern + 0x7fff + (exact.bitPattern >> 16 & 1)) & 0xffff_0000
            copy.ropeDivisors[index] = Float(unscaled / Double(Float(bitPattern: rounded)))
        }
        return copy
    }
}

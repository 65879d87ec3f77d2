import CBundledModel
import Engine
import Foundation
import Language
import Logging
import Model
import Service
import Telemetry

/// From a path to a served model: opens and checks the files, plans memory, reads the weights, starts the engine.
struct ModelLoader: Sendable {
    let settings: ServeSettings
    let logger: Logger
    let metrics: MetricsRegistry

    /// Reading blocks for seconds to minutes, so it has a thread of its own.
    func load() async throws -> ServedModel {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Result { try loadBlocking() }) }
            thread.name = "loader"
            // As large as the main thread's; Foundation's default for secondary threads is 512 KiB.
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    private func loadBlocking() throws -> ServedModel {
        let checkpoint = try ModelSource(path: settings.model).open()
        for warning in checkpoint.warnings { logger.warning("\(warning)") }
        let text = try TextModel(checkpoint.text, templateFile: settings.chatTemplate)
        if let problem = text.templateProblem { logger.warning("\(problem)") }
        let plan = try MemoryPlan(checkpoint: checkpoint, settings: settings.runtime)
        for line in plan.description.split(separator: "\n") { logger.info("\(line)") }
        var nextReport = 0.25
        let model = try LlamaModel(checkpoint: checkpoint, plan: plan) { share in
            guard share >= nextReport, share < 1 else { return }
            logger.info("loading", metadata: ["done": "\(Int(share * 100)) %"])
            nextReport += 0.25
        }
        return serve(model, plan: plan, checkpoint: checkpoint, text: text)
    }

    private func serve(
        _ model: LlamaModel, plan: MemoryPlan, checkpoint: Checkpoint, text: TextModel
    ) -> ServedModel {
        let id = settings.alias ?? checkpoint.name
        metrics.gauge("drover_kv_block_bytes", "Bytes of one K/V block over all layers.").set(Double(plan.blockBytes))
        let engine = InferenceEngine(
            model: model,
            settings: EngineSettings(
                queueLimit: settings.queueLimit, tenantQueueLimit: settings.keyQueueLimit,
                stepTarget: settings.itlTarget.map { .milliseconds($0) },
                sharesPrefixes: settings.prefixCache == .on, admission: settings.admission,
                speculates: settings.speculate == .ngram),
            metrics: metrics, modelName: id)
        engine.start()
        let made = checkpoint.generationDefaults
        return ServedModel(
            id: id, created: UnixTime.now, fingerprint: Self.fingerprint(checkpoint, plan), engine: engine,
            tokenizer: text.tokenizer, template: text.template,
            defaults: SamplingDefaults(
                temperature: made.temperature ?? 1, topP: made.topP ?? 1, topK: made.topK ?? 0),
            stopTokens: Set(made.endIDs + text.tokenizer.vocabulary.endIDs).sorted(),
            samplesLimit: settings.maxSamples)
    }

    /// FNV-1a over what decides the text for a given seed.
    private static func fingerprint(_ checkpoint: Checkpoint, _ plan: MemoryPlan) -> String {
        let parts = [
            Version.text, checkpoint.name, "\(checkpoint.byteCount)", "\(checkpoint.typeUse)", plan.kernels.name,
            plan.cacheFormat.name,
        ]
        let hash = parts.joined(separator: "|").utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        return "fp_" + String(hash, radix: 16)
    }
}

/// Where a model comes from: a path, or the binary itself.
struct ModelSource {
    let path: String?

    func open() throws -> Checkpoint {
        if let path { return try Checkpoint(path: path) }
        let bytes = UnsafeRawBufferPointer(start: bundled_model_bytes(), count: bundled_model_length())
        return try Checkpoint(bytes: bytes, name: "drover-demo")
    }
}

extension ServeSettings {
    var runtime: RuntimeSettings {
        RuntimeSettings(
            backend: backend == .openblas ? .openblas : .native, threads: threads, cacheType: kvCache.type,
            cacheBytes: kvCacheBytes?.bytes, contextLength: contextLength,
            capacity: BatchCapacity(rows: maxBatchTokens, runs: maxBatchTokens, logitRows: min(maxBatchTokens, 128)))
    }
}

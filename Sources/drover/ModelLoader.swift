import CBundledModel
import CThread
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
    /// Hears how much of the weights is there, from 0 to 1.
    let onProgress: @Sendable (Double) -> Void

    /// Reading blocks for seconds to minutes, so it has a thread of its own. Cancelled, it returns at once, and the
    /// thread is left to the end of the process.
    func load() async throws -> ServedModel {
        let outcome = AsyncThrowingStream.makeStream(of: ServedModel.self)
        let thread = Thread {
            pthread_setname_np(pthread_self(), "loader")
            do {
                outcome.continuation.yield(try loadBlocking())
                outcome.continuation.finish()
            } catch {
                outcome.continuation.finish(throwing: error)
            }
        }
        // As large as the main thread's; Foundation's default for secondary threads is 512 KiB.
        thread.stackSize = 8 << 20
        thread.start()
        for try await model in outcome.stream { return model }
        throw CancellationError()
    }

    private func loadBlocking() throws -> ServedModel {
        // Before all that takes time: a directory that is in use shall not cost the time to load a model.
        let directory = try settings.cacheDir.map { try CacheDirectory(path: $0) }
        let checkpoint = try ModelSource(path: settings.model).open()
        for warning in checkpoint.warnings { logger.warning("\(warning)") }
        let text = try TextModel(checkpoint.text, templateFile: settings.chatTemplate)
        if let problem = text.templateProblem { logger.warning("\(problem)") }
        let draft = try settings.draftModel.map {
            try DraftModel(path: $0, for: checkpoint, text.tokenizer.vocabulary, settings)
        }
        if let draft { log(draft) }
        let plan = try MemoryPlan(
            checkpoint: checkpoint, settings: settings.runtime,
            availableBytes: HostLimits.availableMemory - (draft?.plan.bytes ?? 0))
        for line in plan.description.split(separator: "\n") { logger.info("\(line)") }
        var nextReport = 0.25
        let model = try LlamaModel(checkpoint: checkpoint, plan: plan) { share in
            onProgress(share)
            guard share >= nextReport, share < 1 else { return }
            logger.info("loading", metadata: ["done": "\(Int(share * 100)) %"])
            nextReport += 0.25
        }
        let store = try directory.map { try self.store(in: $0, model, name: settings.alias ?? checkpoint.name) }
        let draftModel = try draft?.load(team: model.team)
        return serve(
            model, draftModel: draftModel, plan: plan, checkpoint: checkpoint, text: text, store: store)
    }

    private func log(_ draft: DraftModel) {
        for warning in draft.checkpoint.warnings { logger.warning("draft model: \(warning)") }
        for line in draft.plan.description.split(separator: "\n") { logger.info("draft \(line)") }
        logger.info("guessing with a draft model", metadata: ["tokens": "\(settings.draftTokens)"])
    }

    /// Looks at every weight for the model's fingerprint, which takes about as long as a step.
    private func store(in directory: CacheDirectory, _ model: LlamaModel, name: String) throws -> BlockStore {
        if directory.isOpenToOthers {
            logger.warning("others may read the cache directory", metadata: ["path": "\(directory.path)"])
        }
        let limit = settings.cacheDiskBytes
        metrics.gauge("drover_disk_cache_limit_bytes", "Most bytes of K/V blocks on disk.").set(Double(limit.bytes))
        let store = try BlockStore(
            directory: directory,
            format: BlockFormat(
                fingerprint: model.fingerprint(version: Version.text), blockBytes: model.plan.blockBytes),
            settings: BlockStore.Settings(limit: limit.bytes),
            metrics: StoreMetrics(registry: metrics, modelName: name)
        ) { logger.warning("\($0)", metadata: ["path": "\(directory.path)"]) }
        logger.info(
            "prefix cache on disk",
            metadata: [
                "path": "\(directory.path)", "blocks": "\(store.foundCount)",
                "bytes": "\(ByteCount(bytes: store.foundBytes))", "limit": "\(limit)",
            ])
        return store
    }

    private func serve(
        _ model: LlamaModel, draftModel: LlamaModel?, plan: MemoryPlan, checkpoint: Checkpoint, text: TextModel,
        store: BlockStore?
    ) -> ServedModel {
        let id = settings.alias ?? checkpoint.name
        metrics.gauge("drover_kv_block_bytes", "Bytes of one K/V block over all layers.").set(Double(plan.blockBytes))
        metrics.gauge(
            "vllm:cache_config_info", "1, with the shape of the K/V pool as labels.",
            labels: Labels([
                "model_name": id, "engine": "0", "block_size": "\(KVBlock.tokens)",
                "num_gpu_blocks": "\(model.blockCount)", "cache_dtype": plan.cacheFormat.name,
                "enable_prefix_caching": settings.prefixCache == .on ? "True" : "False",
            ])
        ).set(1)
        let engine = InferenceEngine(
            model: model, draftModel: draftModel,
            settings: EngineSettings(
                queueLimit: settings.queueLimit, tenantQueueLimit: settings.keyQueueLimit,
                stepTarget: settings.itlTarget.map { .milliseconds($0) },
                sharesPrefixes: settings.prefixCache == .on, admission: settings.admission,
                speculates: settings.speculate == .ngram, draftLimit: settings.draftTokens),
            store: store, metrics: metrics, modelName: id)
        engine.start()
        let made = checkpoint.generationDefaults
        return ServedModel(
            id: id, created: UnixTime.now, fingerprint: Self.fingerprint(checkpoint, plan), engine: engine,
            tokenizer: text.tokenizer, template: text.template,
            defaults: SamplingDefaults(
                temperature: made.temperature ?? 1, topP: made.topP ?? 1, topK: made.topK ?? 0),
            stopTokens: Set(made.endIDs + text.tokenizer.vocabulary.endIDs).sorted(),
            samplesLimit: settings.maxSamples, pooling: pooling(of: checkpoint))
    }

    /// What the model declares as llama.cpp numbers it, and the mean where it declares nothing. Its other kinds, such as
    /// that of the first token, mean nothing for a model that only looks back.
    private func pooling(of checkpoint: Checkpoint) -> Pooling {
        switch checkpoint.metadata.first(where: { $0.key == "llama.pooling_type" })?.value {
        case nil, "0", "1": return .mean
        case "3": return .last
        case let type?:
            logger.warning("embeddings are means, the model declares another pooling", metadata: ["type": "\(type)"])
            return .mean
        }
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
        return try Checkpoint(bytes: Self.bundled, name: "drover-demo")
    }

    /// The file of the bundled model.
    static var bundled: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: bundled_model_bytes(), count: bundled_model_length())
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

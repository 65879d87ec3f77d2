import Engine
import Model
import Telemetry
import Testing

/// The engine with a block store, from one process to the next.
struct EngineStoreTests {
    private let files = MemoryFiles()

    /// An engine with a pool of few blocks, as it starts with what the files hold.
    private func engine(blocks: Int = 8) -> InferenceEngine {
        let model = ScriptedModel(blocks: blocks)
        let metrics = MetricsRegistry()
        let store = BlockStore(
            files: files, found: files.found, key: PrefixKey(low: 1, high: 2),
            format: BlockFormat(
                fingerprint: ModelFingerprint(low: 3, high: 4), blockBytes: model.memory(of: 0).count),
            settings: BlockStore.Settings(limit: 1 << 30), metrics: StoreMetrics(registry: metrics, modelName: "m"))
        let engine = InferenceEngine(model: model, store: store, metrics: metrics, modelName: "m")
        engine.start()
        return engine
    }

    private static func prompt(_ seed: Int32) -> [Int32] { (0..<300).map { ($0 * 7 + seed) % 64 } }

    /// Checks the text, and returns how many tokens of the prompt were cached.
    private func ask(_ seed: Int32, _ engine: InferenceEngine) async throws -> Int {
        let prompt = Self.prompt(seed)
        let stream = try engine.submitOne(GenerationRequest(prompt: prompt, maxTokens: 20))
        var (text, cached) = ([Int32](), 0)
        for await event in stream {
            switch event {
            case .prefill(_, _, let count): cached = count
            case .scored, .vector: break
            case .token(let token): text.append(token.id)
            case .finished(let reason): #expect(reason == .length)
            }
        }
        #expect(text == ScriptedModel.text(after: prompt, count: 20))
        return cached
    }

    @Test func `a prompt is not computed again by the next engine`() async throws {
        let first = engine()
        #expect(try await ask(1, first) == 0)
        await first.stop()
        let second = engine()
        #expect(try await ask(1, second) == 256)
        await second.stop()
    }

    @Test func `what had to make room comes back`() async throws {
        let engine = engine()
        for seed in 1...4 { #expect(try await ask(Int32(seed), engine) == 0) }
        await engine.drain(until: .now + .seconds(20))
        #expect(files.names.count >= 16)
        await engine.stop()
        let other = self.engine()
        for seed in 1...4 { #expect(try await ask(Int32(seed), other) == 256) }
        await other.stop()
    }

    @Test func `damaged files change no text`() async throws {
        let first = engine()
        for seed in 1...2 { _ = try await ask(Int32(seed), first) }
        await first.stop()
        files.damage(at: 700)
        let second = engine()
        for seed in 1...2 { #expect(try await ask(Int32(seed), second) == 0) }
        await second.stop()
    }

    @Test func `a full disk changes no text`() async throws {
        files.fill()
        let engine = engine()
        for seed in 1...3 { #expect(try await ask(Int32(seed), engine) == 0) }
        await engine.stop()
        #expect(files.names.isEmpty)
    }
}

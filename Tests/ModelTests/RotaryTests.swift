import Model
import Testing

struct RotaryTests {
    /// Llama-3.2-1B: theta 500000, head size 64. Inverse frequencies as transformers gives them (float32), and with
    /// the llama3 scaling of factor 32 where the wave is longer than the original context.
    @Test func `turns each pair by the published frequency`() {
        var model = ModelConfiguration(
            layers: 1, width: 64, feedForwardWidth: 64, heads: 1, keyValueHeads: 1, headSize: 64, vocabularySize: 16,
            contextLength: 64, normEpsilon: 1e-5, ropeBase: 500_000, ropeDivisors: [Float](repeating: 1, count: 32),
            tiedEmbeddings: true)
        let plain = model.rotaryFrequencies
        #expect(plain.count == 32 && plain[0] == 1)
        #expect(abs(plain[1] - 0.663_601_24) < 1e-6 && abs(plain[31] - 3.013_858_2e-6) < 1e-11)
        model.ropeDivisors[31] = 32
        #expect(abs(model.rotaryFrequencies[31] - plain[31] / 32) < 1e-15)
    }
}

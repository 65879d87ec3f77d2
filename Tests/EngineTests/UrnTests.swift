import Engine
import Model
import Testing

struct UrnTests {
    // No top-p nearer to 1: there single tokens weigh less than float can tell in the denominator.
    private static let settings: [SamplingParameters] = [
        SamplingParameters(topK: 1), SamplingParameters(topK: 40), SamplingParameters(topK: 299),
        SamplingParameters(topP: 0.1), SamplingParameters(topP: 0.9), SamplingParameters(topP: 0.99),
        SamplingParameters(topP: 0), SamplingParameters(minP: 0.05), SamplingParameters(minP: 1e-9),
        SamplingParameters(minP: 1), SamplingParameters(topK: 10, topP: 0.8, minP: 0.1),
        SamplingParameters(topK: 200, topP: 0.99, minP: 1e-5), SamplingParameters(topK: 64, topP: 0.5),
    ]

    @Test(arguments: KernelTable.supported, settings)
    func `keeps exactly the tokens that the definitions keep`(kernels: KernelTable, base: SamplingParameters) {
        var random = SeededRandom(seed: 11)
        // One row in several stretches; the plain kernels take too long for it.
        for size in kernels.name == "reference" ? [300] : [300, 1_500] {
            for temperature: Float in [0.05, 0.7, 1, 3] {
                for spread: Float in [0.01, 1, 4, 20] {
                    let logits = (0..<size).map { _ in random.normal() * spread }
                    var parameters = base
                    parameters.temperature = temperature
                    let difference = Self.kept(logits, parameters, kernels)
                        .symmetricDifference(NaiveSampling.kept(logits, parameters))
                    #expect(difference.isEmpty, "\(difference.count) of \(size), spread \(spread)")
                }
            }
        }
    }

    @Test(arguments: settings) func `keeps what it draws, after whatever it did not`(base: SamplingParameters) {
        var random = SeededRandom(seed: 12)
        let logits = (0..<5_000).map { _ in random.normal() * 2 }
        let kept = NaiveSampling.kept(logits, base)
        let buffer = LogitsBuffer(logits), scratch = LogitsScratch(vocabularySize: logits.count)
        withExtendedLifetime(buffer) {
            for _ in 0..<300 {
                var urn = Urn(buffer.row, maximum: logits.max() ?? 0, scale: 1, base, scratch)
                let drawn = urn.draw { _ in Double.random(in: 0..<1, using: &random) }
                #expect(drawn.map(kept.contains) == true)
            }
        }
    }

    @Test func `breaks ties by the lowest id`() {
        let logits = (0..<100).map { Float($0 % 2) }
        #expect(Self.kept(logits, SamplingParameters(topK: 3)) == [1, 3, 5])
    }

    @Test func `keeps the token that crosses top-p and not one more`() {
        #expect(Self.kept([0, 0, 0, 0], SamplingParameters(topP: 0.5)) == [0, 1])
        #expect(Self.kept([0, 0, 0, 0], SamplingParameters(topP: 0.51)) == [0, 1, 2])
    }

    @Test func `finds the tail of a row that is all alike`() {
        let logits = Array(repeating: Float(2), count: 4_000)
        #expect(Self.kept(logits, SamplingParameters(topK: 3_999)) == Set(0..<3_999))
    }

    @Test func `counts impossible tokens as the least likely`() {
        let logits: [Float] = [-.infinity, 1, -.infinity, 0, -.infinity]
        #expect(Self.kept(logits, SamplingParameters(topK: 3)) == [0, 1, 3])
        #expect(Self.kept(logits, SamplingParameters(topP: 0.9999)) == [1, 3])
    }

    @Test func `keeps all tokens when nothing is cut off`() {
        for parameters in [SamplingParameters(), SamplingParameters(topK: 3), SamplingParameters(topK: 1_000)] {
            #expect(Self.kept([1, 2, 3], parameters) == [0, 1, 2])
        }
    }

    private static func kept(
        _ logits: [Float], _ parameters: SamplingParameters, _ kernels: KernelTable = .best
    ) -> Set<Int> {
        let buffer = LogitsBuffer(logits, kernels), scratch = LogitsScratch(vocabularySize: logits.count)
        let maximum = logits.max() ?? 0
        return withExtendedLifetime(buffer) {
            let kept = logits.indices.filter {
                var urn = Urn(buffer.row, maximum: maximum, scale: 1 / parameters.temperature, parameters, scratch)
                return urn.keeps($0)
            }
            return Set(kept)
        }
    }
}

import Engine
import Model
import Testing

struct CandidateWindowTests {
    // No top-p nearer to 1: there single tokens weigh less than float can tell in the denominator.
    private static let settings: [SamplingParameters] = [
        SamplingParameters(topK: 1), SamplingParameters(topK: 40), SamplingParameters(topK: 299),
        SamplingParameters(topP: 0.1), SamplingParameters(topP: 0.9), SamplingParameters(topP: 0.99),
        SamplingParameters(topP: 0), SamplingParameters(minP: 0.05), SamplingParameters(minP: 1e-9),
        SamplingParameters(minP: 1), SamplingParameters(topK: 10, topP: 0.8, minP: 0.1),
        SamplingParameters(topK: 200, topP: 0.99, minP: 1e-5), SamplingParameters(topK: 64, topP: 0.5),
    ]

    @Test(arguments: settings) func `keeps exactly the tokens that the definitions keep`(base: SamplingParameters) {
        var random = SeededRandom(seed: 11)
        for size in [300, 5_000] {
            var window = CandidateWindow(vocabularySize: size)
            for temperature: Float in [0.05, 0.7, 1, 3] {
                for spread: Float in [0.01, 1, 4, 20] {
                    let logits = (0..<size).map { _ in random.normal() * spread }
                    var parameters = base
                    parameters.temperature = temperature
                    let difference = Self.kept(&window, logits, parameters)
                        .symmetricDifference(NaiveSampling.kept(logits, parameters))
                    #expect(difference.isEmpty, "\(difference.count) of \(size), spread \(spread)")
                }
            }
        }
    }

    @Test func `breaks ties by the lowest id`() {
        var window = CandidateWindow(vocabularySize: 100)
        let logits = (0..<100).map { Float($0 % 2) }
        let kept = Self.kept(&window, logits, SamplingParameters(topK: 3))
        #expect(kept == [1, 3, 5])
    }

    @Test func `keeps the token that crosses top-p and not one more`() {
        var window = CandidateWindow(vocabularySize: 4)
        #expect(Self.kept(&window, [0, 0, 0, 0], SamplingParameters(topP: 0.5)) == [0, 1])
        #expect(Self.kept(&window, [0, 0, 0, 0], SamplingParameters(topP: 0.51)) == [0, 1, 2])
    }

    @Test func `finds the tail of a row that is all alike`() {
        var window = CandidateWindow(vocabularySize: 4_000)
        let logits = Array(repeating: Float(2), count: 4_000)
        #expect(Self.kept(&window, logits, SamplingParameters(topK: 3_999)) == Set(0..<3_999))
    }

    @Test func `counts impossible tokens as the least likely`() {
        var window = CandidateWindow(vocabularySize: 5)
        let logits: [Float] = [-.infinity, 1, -.infinity, 0, -.infinity]
        #expect(Self.kept(&window, logits, SamplingParameters(topK: 3)) == [0, 1, 3])
        #expect(Self.kept(&window, logits, SamplingParameters(topP: 0.9999)) == [1, 3])
    }

    @Test func `does nothing when all tokens are kept`() {
        var window = CandidateWindow(vocabularySize: 3)
        let buffer = LogitsBuffer([1, 2, 3])
        for parameters in [SamplingParameters(), SamplingParameters(topK: 3), SamplingParameters(topK: 1_000)] {
            let narrowed = window.narrow(buffer.row, maximum: 3, scale: 1, parameters)
            #expect(!narrowed)
        }
    }

    private static func kept(
        _ window: inout CandidateWindow, _ logits: [Float], _ parameters: SamplingParameters
    ) -> Set<Int> {
        let buffer = LogitsBuffer(logits)
        let narrowed = window.narrow(
            buffer.row, maximum: logits.max() ?? 0, scale: 1 / parameters.temperature, parameters)
        return narrowed ? Set(window.candidates.map { Int($0.id) }) : Set(logits.indices)
    }
}

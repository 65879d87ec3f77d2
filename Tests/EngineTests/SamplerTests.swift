import Engine
import Foundation
import Model
import Testing

struct SamplerTests {
    private func sample(
        _ logits: [Float], _ parameters: SamplingParameters, prompt: [Int32] = [], output: [Int32] = [],
        at index: Int = 0, topLogprobs: Int? = nil
    ) -> RowOutcome {
        let sampler = Sampler(vocabularySize: logits.count)
        var history = TokenHistory(prompt: prompt, for: parameters)
        output.forEach { history.append($0) }
        let buffer = LogitsBuffer(logits)
        let outcome = sampler.sample(
            RowDraw(
                row: buffer.row, parameters: parameters, history: history, output: index, topLogprobs: topLogprobs))
        #expect(zip(buffer.values, logits).allSatisfy { $0.bitPattern == $1.bitPattern }, "the row was not restored")
        return outcome
    }

    private func id(_ outcome: RowOutcome) -> Int32? {
        guard case .token(let token) = outcome else { return nil }
        return token.id
    }

    private static func greedyPenalty(
        _ repetition: Float, _ frequency: Float, _ presence: Float
    ) -> SamplingParameters {
        SamplingParameters(
            temperature: 0, repetitionPenalty: repetition, frequencyPenalty: frequency, presencePenalty: presence)
    }

    // MARK: Greedy, penalties, biases

    @Test func `takes the most likely token at temperature zero, the lowest id of equals`() {
        #expect(id(sample([1, 3, 2, 3], .greedy)) == 1)
        #expect(id(sample([5, 5, 5], .greedy)) == 0)
    }

    @Test func `divides positive and multiplies negative logits of tokens seen in prompt or output`() {
        let parameters = Self.greedyPenalty(2, 0, 0)
        #expect(id(sample([4, 3], parameters)) == 0)
        #expect(id(sample([4, 3], parameters, prompt: [0])) == 1)
        #expect(id(sample([4, 3], parameters, output: [0])) == 1)
        #expect(id(sample([-1, -1.5], parameters, output: [0])) == 1)
        // Once, however often it was seen: 8 / 2 is still more than 3.
        #expect(id(sample([8, 3], parameters, prompt: [0, 0], output: [0, 0])) == 0)
    }

    @Test func `subtracts the frequency penalty per occurrence in the output only`() {
        let parameters = Self.greedyPenalty(1, 0.5, 0)
        #expect(id(sample([2, 1.2], parameters, output: [0])) == 0)
        #expect(id(sample([2, 1.2], parameters, output: [0, 0])) == 1)
        #expect(id(sample([2, 1.2], parameters, prompt: [0, 0, 0])) == 0)
    }

    @Test func `subtracts the presence penalty once`() {
        let parameters = Self.greedyPenalty(1, 0, 0.5)
        #expect(id(sample([2, 1.6], parameters, output: [0])) == 1)
        #expect(id(sample([2, 1.4], parameters, output: [0, 0, 0])) == 0)
    }

    @Test func `adds biases before penalties`() {
        var parameters = SamplingParameters(temperature: 0, logitBias: [.init(token: 2, bias: 100)])
        #expect(id(sample([3, 2, 1], parameters)) == 2)
        // (1 + 100) / 50 is less than 3, but 1 / 50 + 100 would not be.
        parameters.repetitionPenalty = 50
        #expect(id(sample([3, 2, 1], parameters, output: [2])) == 0)
    }

    @Test func `draws as usual when every token is biased down`() {
        let biases = (0..<8).map { SamplingParameters.LogitBias(token: $0, bias: -100) }
        let logits = (0..<8).map { Float($0) / 4 }
        for index in 0..<50 {
            let plain = id(sample(logits, SamplingParameters(seed: 3), at: index))
            #expect(id(sample(logits, SamplingParameters(logitBias: biases, seed: 3), at: index)) == plain)
        }
    }

    // MARK: The draw

    @Test func `draws the same token for the same seed and position, whatever was drawn before`() {
        let sampler = Sampler(vocabularySize: 50)
        let buffer = LogitsBuffer((0..<50).map { Float($0 % 7) / 3 })
        let parameters = SamplingParameters(topP: 0.95, seed: 99)
        let forward = (0..<40).map { id(sampler.sample(RowDraw(buffer.row, parameters, output: $0))) }
        let backward = (0..<40).reversed().map { id(sampler.sample(RowDraw(buffer.row, parameters, output: $0))) }
        #expect(forward == backward.reversed())
        #expect(Set(forward).count > 5)
    }

    @Test(
        arguments: [
            SamplingParameters(), SamplingParameters(temperature: 0.6, topP: 0.9), SamplingParameters(topP: 0.2),
            SamplingParameters(temperature: 1.5, topK: 12), SamplingParameters(minP: 0.1),
            SamplingParameters(temperature: 2, topK: 20, topP: 0.8, minP: 0.02),
        ]) func `draws with the right frequencies`(base: SamplingParameters)
    {
        var random = SeededRandom(seed: 5)
        // More than one stride of ids, most of them too unlikely to be counted alone.
        let logits = (0..<2_500).map { $0 % 60 == 0 ? random.normal() * 0.7 + 6 : -20 + random.normal() }
        let buffer = LogitsBuffer(logits)
        let sampler = Sampler(vocabularySize: logits.count)
        var parameters = base
        parameters.seed = 17
        let draws = 40_000
        var counts = Array(repeating: 0.0, count: logits.count)
        for index in 0..<draws {
            if let id = id(sampler.sample(RowDraw(buffer.row, parameters, output: index))) { counts[Int(id)] += 1 }
        }
        let expected = NaiveSampling.distribution(logits, parameters).map { $0 * Double(draws) }
        for (count, mean) in zip(counts, expected) where mean == 0 { #expect(count == 0) }
        let isPlausible = Self.chiSquareIsPlausible(counts, expected)
        #expect(isPlausible)
    }

    /// Within five standard deviations; ids that are expected less than 5 times are counted as one.
    private static func chiSquareIsPlausible(_ counts: [Double], _ expected: [Double]) -> Bool {
        var (sum, freedom) = (0.0, -1.0)
        var rare = (count: 0.0, mean: 0.0)
        for (count, mean) in zip(counts, expected) {
            if mean < 5 {
                rare = (rare.count + count, rare.mean + mean)
            } else {
                sum += (count - mean) * (count - mean) / mean
                freedom += 1
            }
        }
        if rare.mean >= 5 {
            sum += (rare.count - rare.mean) * (rare.count - rare.mean) / rare.mean
            freedom += 1
        } else if rare.count > 20 {
            return false
        }
        return freedom >= 1 && abs(sum - freedom) < 5 * (2 * freedom).squareRoot()
    }

    @Test(arguments: [1e-30, .leastNonzeroMagnitude, 1e-6, 1e-4, 1e30, .infinity, .nan, -1] as [Float])
    func `survives any temperature`(temperature: Float) {
        let logits: [Float] = [3, -.infinity, 9, 9, 1e30, -1e30]
        for parameters in [
            SamplingParameters(temperature: temperature), SamplingParameters(temperature: temperature, topP: 0.5),
            SamplingParameters(temperature: temperature, topK: 100, minP: 0.3),
        ] {
            let drawn = id(sample(logits, parameters))
            #expect(drawn != nil && drawn != 1)
            if temperature < 1 { #expect(drawn == 4) }
        }
    }

    @Test(
        arguments: [
            SamplingParameters(topK: 1), SamplingParameters(topP: 0), SamplingParameters(topP: -3),
            SamplingParameters(topP: .leastNonzeroMagnitude), SamplingParameters(minP: 1), SamplingParameters(minP: 7),
        ]) func `keeps at least the most likely token`(parameters: SamplingParameters)
    {
        for index in 0..<20 { #expect(id(sample([1, 2, 4, 3], parameters, at: index)) == 2) }
    }

    @Test func `says so when the logits are not numbers`() {
        #expect(sample([1, .nan, 2], .greedy) == .notANumber)
        #expect(sample([.nan, .nan], SamplingParameters()) == .notANumber)
        #expect(sample([1, .infinity], SamplingParameters()) == .notANumber)
        #expect(sample([-.infinity, -.infinity], SamplingParameters()) == .notANumber)
        let endless = SamplingParameters(logitBias: [.init(token: 0, bias: .infinity)])
        #expect(sample([1, 2], endless) == .notANumber)
    }

    // MARK: Log-probabilities

    @Test func `reports the model's own log-probabilities, most likely first`() throws {
        var random = SeededRandom(seed: 8)
        let logits = (0..<1_000).map { _ in random.normal() * 3 }
        let parameters = SamplingParameters(
            temperature: 0.5, topK: 5, repetitionPenalty: 1.3, logitBias: [.init(token: 10, bias: 50)], seed: 4)
        guard case .token(let token) = sample(logits, parameters, output: [10], topLogprobs: 20) else {
            Issue.record("no token")
            return
        }
        let probabilities = NaiveSampling.probabilities(logits, temperature: 1)
        #expect(token.id == 10)
        #expect(abs(Double(token.logprob) - log(probabilities[10])) < 1e-4)
        let best = logits.indices.sorted { logits[$0] > logits[$1] }.prefix(20)
        #expect(token.top.map(\.id) == best.map { Int32($0) })
        for top in token.top { #expect(abs(Double(top.logprob) - log(probabilities[Int(top.id)])) < 1e-4) }
    }

    @Test func `reports no more alternatives than there are tokens, equals by id`() {
        guard case .token(let token) = sample([0, 1, 0, -.infinity], .greedy, topLogprobs: 9) else {
            Issue.record("no token")
            return
        }
        #expect(token.top.map(\.id) == [1, 0, 2, 3])
        #expect(token.top.last?.logprob == -.infinity)
    }

    @Test func `reports the drawn token alone when asked for no alternatives, and nothing when not asked`() {
        guard case .token(let asked) = sample([0, 0], .greedy, topLogprobs: 0),
            case .token(let silent) = sample([0, 0], .greedy)
        else {
            Issue.record("no token")
            return
        }
        #expect(abs(asked.logprob - log(0.5)) < 1e-6 && asked.top.isEmpty)
        #expect(silent.logprob.isNaN && silent.top.isEmpty)
    }
}

import Engine
import Model
import Testing

struct StepSamplerTests {
    private static let parameters: [SamplingParameters] = [
        .greedy, SamplingParameters(), SamplingParameters(temperature: 0.8, topP: 0.95),
        SamplingParameters(topK: 40, topP: 0.95), SamplingParameters(minP: 0.05), SamplingParameters(topP: 0.1),
        SamplingParameters(frequencyPenalty: 0.5, logitBias: [.init(token: 3, bias: 2)]),
    ]

    @Test(arguments: [1, 2, 5]) func `samples side by side as alone`(workers: Int) throws {
        var random = SeededRandom(seed: 21)
        let rows = (0..<23).map { _ in LogitsBuffer((0..<3_000).map { _ in random.normal() * 2 }) }
        let step = StepSampler(model: ScriptedModel(vocabularySize: 3_000, team: try ThreadTeam(workers: workers)))
        for output in 0..<40 {
            let draws = rows.enumerated().map { index, buffer in
                var parameters = Self.parameters[(index + output) % Self.parameters.count]
                parameters.seed = UInt64(index)
                var history = TokenHistory(prompt: [], for: parameters)
                history.append(Int32(index))
                return RowDraw(
                    row: buffer.row, parameters: parameters, history: history, output: output,
                    topLogprobs: index % 4 == 0 ? 5 : nil)
            }
            withExtendedLifetime(rows) {
                let alone = draws.map { Sampler(vocabularySize: 3_000).sample($0) }
                // Log-probabilities that nobody asked for are NaN, so outcomes are compared by what is printed.
                var outcomes: [RowOutcome] = []
                step.sample(draws, into: &outcomes)
                #expect("\(outcomes)" == "\(alone)")
            }
        }
    }

    @Test func `gives an outcome for each draw, in order, without a team`() {
        let rows = (0..<9).map { best in LogitsBuffer((0..<9).map { $0 == best ? 1 : 0 }) }
        var draws: [RowDraw?] = rows.map { RowDraw($0.row, .greedy, output: 0) }
        draws[4] = nil
        // What was there before does not count.
        var outcomes: [RowOutcome] = [.noToken(isComplete: true)]
        withExtendedLifetime(rows) {
            StepSampler(model: ScriptedModel(vocabularySize: 9)).sample(draws, into: &outcomes)
        }
        let ids = outcomes.map { outcome -> Int32? in
            guard case .token(let token) = outcome else { return nil }
            return token.id
        }
        #expect(ids == [0, 1, 2, 3, nil, 5, 6, 7, 8])
    }
}

import Engine
import Model

extension RowDraw {
    /// Of a request that has seen nothing and wants no log-probabilities.
    init(_ row: LogitsRow, _ parameters: SamplingParameters, output: Int) {
        self.init(
            row: row, parameters: parameters, history: TokenHistory(prompt: [], for: parameters), output: output,
            topLogprobs: nil)
    }

    /// Draws that token.
    static func given(_ token: Int32, _ row: LogitsRow) -> RowDraw {
        RowDraw(
            row: row, parameters: .greedy, history: TokenHistory(prompt: [], for: .greedy), output: 0, topLogprobs: nil,
            given: token)
    }
}

/// How the next token is drawn. Checked where the client's words become a `GenerationRequest`.
package struct SamplingParameters: Sendable, Equatable {
    /// 0 means argmax, the lowest id winning ties.
    package var temperature: Float
    /// Keep the k most likely; 0 keeps all.
    package var topK: Int
    /// Keep the smallest set whose mass reaches this, the token that crosses it included.
    package var topP: Float
    /// Keep tokens at least this likely relative to the most likely one.
    package var minP: Float
    /// Divides positive and multiplies negative logits of tokens seen in prompt or output; 1 is off.
    package var repetitionPenalty: Float
    /// Subtracted per occurrence in the output.
    package var frequencyPenalty: Float
    /// Subtracted once for a token that occurs in the output.
    package var presencePenalty: Float
    /// Added to the logits of single tokens.
    package var logitBias: [LogitBias]
    /// Same seed, same parameters, same prompt: same tokens, whatever else runs.
    package var seed: UInt64

    package struct LogitBias: Sendable, Equatable {
        package let token: Int32
        package let bias: Float

        package init(token: Int32, bias: Float) {
            self.token = token
            self.bias = bias
        }
    }

    package init(
        temperature: Float = 1, topK: Int = 0, topP: Float = 1, minP: Float = 0, repetitionPenalty: Float = 1,
        frequencyPenalty: Float = 0, presencePenalty: Float = 0, logitBias: [LogitBias] = [], seed: UInt64 = 0
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.frequencyPenalty = frequencyPenalty
        self.presencePenalty = presencePenalty
        self.logitBias = logitBias
        self.seed = seed
    }

    /// No part of the vocabulary is left out; or, with argmax, it makes no difference.
    package var isUntruncated: Bool { temperature == 0 || topK == 0 && topP >= 1 && minP <= 0 }

    /// The draw does not depend on which tokens came before.
    package var isMemoryless: Bool { repetitionPenalty == 1 && frequencyPenalty == 0 && presencePenalty == 0 }

    package static let greedy = SamplingParameters(temperature: 0)
}

/// What the engine tells a request's stream.
package enum TokenEvent: Sendable, Equatable {
    /// Prompt tokens whose K/V is there, of how many, and how many of them others had computed; sent as the prefill
    /// advances. The one with computed = total is the last of the prompt.
    case prefill(computed: Int, total: Int, cached: Int)
    /// What the model held the next tokens of the prompt for, as far as the request asked: those from
    /// `PromptScoring.first` on, in their order.
    case scored([SampledToken])
    /// The vector of the prompt, if the request asked for one: (width), not normalized.
    case vector([Float])
    case token(SampledToken)
    /// The last event of every stream.
    case finished(FinishReason)
}

package struct SampledToken: Sendable, Equatable {
    package let id: Int32
    /// Natural log of its probability under the model, before temperature and truncation. NaN when not asked for.
    package let logprob: Float
    /// The most likely tokens in falling order, as many as asked for.
    package let top: [TokenLogprob]
    /// Not drawn, but one that ends the text, for which there would be no room later.
    package let isClosing: Bool

    package init(id: Int32, logprob: Float = .nan, top: [TokenLogprob] = [], isClosing: Bool = false) {
        self.id = id
        self.logprob = logprob
        self.top = top
        self.isClosing = isClosing
    }
}

package struct TokenLogprob: Sendable, Equatable {
    package let id: Int32
    package let logprob: Float

    package init(id: Int32, logprob: Float) {
        self.id = id
        self.logprob = logprob
    }
}

package enum FinishReason: Sendable, Equatable {
    /// A stop token was sampled; which one.
    case stop(token: Int32)
    /// The request's constraint lets nothing follow.
    case complete
    /// The request's constraint allows none of the model's tokens, and the text is not whole.
    case deadEnd
    /// `maxTokens` or the context length was reached.
    case length
    /// The client left, or its text was complete.
    case cancelled
    /// Somebody else than its reader asked for the end.
    case withdrawn
    case deadline
    /// The logits of this request were not numbers; others go on.
    case numericalError
    /// The server is going down before the request could end.
    case shutdown
}

extension FinishReason {
    /// vLLM's word where it has one.
    package var word: String {
        switch self {
        case .stop, .complete: "stop"
        case .deadEnd: "dead_end"
        case .length: "length"
        case .cancelled, .withdrawn: "abort"
        case .deadline: "deadline"
        case .numericalError: "error"
        case .shutdown: "shutdown"
        }
    }
}

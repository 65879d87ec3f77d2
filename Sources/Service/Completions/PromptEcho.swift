import Engine
import Language
import OpenAI

/// A prompt as the beginning of its own answer (`echo`).
struct PromptEcho: Sendable {
    /// As the client wrote it, or what its tokens say.
    let text: String
    private let tokens: [Int32]
    /// Not shown: the begin token that the server put before a text.
    private let hiddenCount: Int
    private let vocabulary: Vocabulary

    init(_ prompt: CompletionRequest.Prompt, tokens: [Int32], _ tokenizer: Tokenizer) {
        switch prompt {
        case .text(let text):
            self.text = text
            hiddenCount = tokens.count - tokenizer.encode(text).count
        case .tokens:
            text = tokenizer.decode(tokens, skipsSpecial: true)
            hiddenCount = 0
        }
        self.tokens = tokens
        vocabulary = tokenizer.vocabulary
    }

    /// In characters (Unicode scalars).
    var length: Int { text.unicodeScalars.count }

    /// - Parameter scores: of all tokens of the prompt but the first.
    func logprobs(_ scores: [SampledToken]) -> [LogprobItem] {
        var detokenizer = Detokenizer(vocabulary)
        var (items, offset): ([LogprobItem], Int) = ([], 0)
        let first = tokens.prefix(1).map {
            LogprobItem(token: LogprobItem.Candidate($0, nil, vocabulary), top: [], offset: 0)
        }
        for (position, token) in tokens.enumerated() where position >= hiddenCount {
            if position == 0 {
                items += first
            } else if position <= scores.count {
                items.append(LogprobItem(scores[position - 1], offset: offset, vocabulary))
            }
            offset += detokenizer.push(token).unicodeScalars.count
        }
        return items
    }
}

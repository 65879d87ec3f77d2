import OpenAI

/// What a client wants to be told of its texts, and where they end.
struct TextOptions: Sendable {
    var stop: [String] = []
    var reportsProgress = false
    var reportsLogprobs = false
    /// The token before a call of a built-in tool is part of the text, for who looks for calls.
    var showsPythonTag = false
}

extension TextOptions {
    init(_ fields: SamplingFields) {
        self.init(
            stop: fields.stop, reportsProgress: fields.reportsProgress, reportsLogprobs: fields.topLogprobs != nil)
    }
}

extension TextOptions {
    init(_ chat: ChatCompletionRequest) {
        self.init(chat.sampling)
        showsPythonTag = !chat.callableTools.isEmpty
    }
}

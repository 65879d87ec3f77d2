import OpenAI

/// What a client wants to be told of its texts, and where they end.
struct TextOptions: Sendable {
    var stop: [String] = []
    var reportsProgress = false
    var reportsLogprobs = false
}

extension TextOptions {
    init(_ fields: SamplingFields) {
        self.init(
            stop: fields.stop, reportsProgress: fields.reportsProgress, reportsLogprobs: fields.topLogprobs != nil)
    }
}

import Engine
import HTTP
import OpenAI

/// Exact log-probabilities of texts behind prompts; what prompts have in common is computed once.
struct TextScoring: Sendable {
    let model: ServedModel
    let head: AnswerHead
    let request: RequestHead
    let caller: Caller
    let registry: RequestRegistry
    let priority: Int?
    let cacheSalt: String?

    struct Item: Sendable {
        let prompt: [Int32]
        /// At least one token.
        let text: [Int32]
        /// The request field that the text is from.
        let param: String
    }

    /// The tokens of each text with their log-probabilities, in the order of the items.
    ///
    /// - Parameter top: most likely tokens to report beside each.
    func scores(_ items: [Item], top: Int = 0) async throws -> (scores: [[SampledToken]], summary: AnswerSummary) {
        let deadline = try RequestDeadline.of(request, streams: false)
        let generations = try items.map { try generation($0, top: top, deadline) }
        let streams = try SampleStreams(
            generations, model: model, head: head, request: request, caller: caller, maxTokens: 0, registry: registry)
        let (scores, summary) = try await streams.read { _, stream in
            while try await stream.next() != nil {}
            return stream.promptScores
        }
        return (scores, summary)
    }

    private func generation(
        _ item: Item, top: Int, _ deadline: ContinuousClock.Instant?
    ) throws(APIError) -> GenerationRequest {
        guard !item.prompt.isEmpty else { throw .invalid("prompt", "The prompt must have a token.") }
        let (all, limit) = (item.prompt + item.text, model.engine.contextLength)
        guard all.count < limit else {
            throw .contextLengthExceeded(limit: limit, prompt: all.count, param: item.param)
        }
        return GenerationRequest(
            prompt: all, maxTokens: 0, priority: try caller.priority(priority), tenant: caller.tenant,
            deadline: deadline, scoring: PromptScoring(first: item.prompt.count, top: top),
            cacheSalt: caller.cacheScope(salt: cacheSalt ?? ""))
    }
}

import Engine
import HTTP
import JSON
import Language
import OpenAI

/// POST /v1/embeddings: vectors of texts, from the hidden states of the model that chats.
struct EmbeddingEndpoint: Sendable {
    let state: ServiceState

    /// Inputs that are with the engine at the same time: the rest of a large batch must not fill everybody's queue.
    private static let wave = 32

    func respond(to request: Request, from caller: Caller) async throws -> Response {
        let asked = try EmbeddingRequest(try JSONValue(parsing: request.body))
        let model = try state.readyModel(named: asked.model)
        try caller.check(model: model.id)
        if let dimensions = asked.dimensions, dimensions > model.engine.width {
            throw APIError.invalid(
                "dimensions", "'dimensions' may be at most \(model.engine.width) for this model, got \(dimensions).")
        }
        let deadline = try RequestDeadline.of(request.head, streams: false)
        let generations = try asked.inputs.indices.map { try generation(asked, $0, model, caller, deadline) }
        let head = model.answerHead("embd", requestID: request.id)
        let meter = try caller.begin(generations, maxTokens: 0)
        var vectors: [[Float]] = []
        var usage = Usage(promptTokens: 0, completionTokens: 0)
        for first in stride(from: 0, to: generations.count, by: Self.wave) {
            let streams = try SampleStreams(
                Array(generations[first..<min(first + Self.wave, generations.count)]), model: model, head: head,
                request: request.head, caller: caller, meter: meter, firstPrompt: first, registry: state.requests)
            let (found, summary) = try await streams.read { _, stream in
                while try await stream.next() != nil {}
                return stream.promptVector
            }
            vectors += found.map { UnitVector.of($0, first: asked.dimensions) }
            usage.promptTokens += summary.usage.promptTokens
            usage.cachedTokens += summary.usage.cachedTokens
        }
        meter.end()
        return Response(
            json: Embeddings(model: model.id, vectors: vectors, encoding: asked.encoding, usage: usage).json)
    }

    private func generation(
        _ asked: EmbeddingRequest, _ index: Int, _ model: ServedModel, _ caller: Caller,
        _ deadline: ContinuousClock.Instant?
    ) throws(APIError) -> GenerationRequest {
        let param = asked.inputs.count == 1 ? "input" : "input[\(index)]"
        let prompt = PromptBuilder(model: model).prompt(asked.inputs[index])
        guard prompt.count < model.engine.contextLength else {
            throw .contextLengthExceeded(limit: model.engine.contextLength, prompt: prompt.count, param: param)
        }
        if let token = prompt.first(where: { $0 >= model.engine.vocabularySize }) {
            throw .invalid(
                param,
                """
                Token \(token) is not in the vocabulary of \(model.engine.vocabularySize) tokens. Ids of another \
                tokenizer have no meaning here: send text (LangChain: check_embedding_ctx_length=False).
                """)
        }
        return GenerationRequest(
            prompt: prompt, maxTokens: 0, priority: try caller.priority(asked.priority), tenant: caller.tenant,
            deadline: deadline, pooling: asked.pooling.flatMap { Pooling(rawValue: $0.rawValue) } ?? model.pooling,
            cacheSalt: caller.cacheScope(salt: asked.cacheSalt ?? ""))
    }
}

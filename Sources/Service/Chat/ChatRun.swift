import Engine
import HTTP
import Language
import OpenAI

/// A conversation on its way to an answer. Chat completions, responses and messages all go it.
struct ChatRun: Sendable {
    let chat: ChatCompletionRequest
    let model: ServedModel
    let head: AnswerHead
    let caller: Caller

    /// Renders, compiles the grammar, charges the caller, and hands the prompt to the engine.
    ///
    /// - Parameters:
    ///   - param: the request field that the prompt is made from.
    ///   - prompt: nil for what the chat template makes of the conversation.
    func start(
        _ request: RequestHead, from param: String, prompt: [Int32]? = nil, registry: RequestRegistry
    ) async throws -> SampleStreams {
        return try SampleStreams(
            [try await generation(request, from: param, prompt: prompt)], TextOptions(chat), model: model,
            head: head, request: request, caller: caller,
            maxTokens: chat.sampling.maxTokens, registry: registry)
    }

    /// What the engine is to do for it. The parameters are those of `start`.
    func generation(
        _ request: RequestHead, from param: String, prompt: [Int32]? = nil
    ) async throws -> GenerationRequest {
        try GenerationRequest(
            prompt: try prompt ?? PromptBuilder(model: model).prompt(for: chat.prompt), from: param,
            fields: chat.sampling, samples: chat.sampling.n, model: model, caller: caller,
            deadline: try RequestDeadline.of(request, streams: chat.sampling.streams),
            constraint: try await model.grammars.constraint(of: chat))
    }

    /// Reads a sample of an answer to its end.
    ///
    /// - Parameters:
    ///   - index: which of the answer's choices it is.
    ///   - tell: gets it as it comes.
    func listen(
        to stream: inout TextStream, index: Int = 0, tell: (Speech.Piece) async throws -> Void
    ) async throws -> Speech {
        var reader = speechReader(index)
        while let delta = try await stream.next() {
            for piece in reader.push(delta) { try await tell(piece) }
        }
        return reader.speech
    }

    /// Of one of the answer's choices.
    func speechReader(_ index: Int = 0) -> SpeechReader {
        SpeechReader(
            tools: chat.callableTools.map(\.name), answerID: index == 0 ? head.id : "\(head.id)-\(index)",
            limit: chat.allowsParallelToolCalls ? ToolDefinition.limit : 1)
    }
}

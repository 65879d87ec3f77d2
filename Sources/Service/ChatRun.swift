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
            [try await generation(request, from: param, prompt: prompt)], TextOptions(chat.sampling), model: model,
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

    /// What a sample said: text, calls of tools, or one behind the other.
    struct Speech: Sendable {
        var text = ""
        var calls: [ToolCall] = []
        var reason = OpenAI.FinishReason.stop
    }

    /// Reads a sample of an answer to its end.
    ///
    /// - Parameters:
    ///   - index: which of the answer's choices it is.
    ///   - tell: gets the text as it comes.
    func listen(
        to stream: inout TextStream, index: Int = 0, tell: (String) async throws -> Void
    ) async throws -> Speech {
        var gate = toolCallGate(index)
        var speech = Speech()
        while let delta = try await stream.next() {
            let said = gate.push(delta.text)
            speech.text += said
            if !said.isEmpty { try await tell(said) }
            speech.reason = delta.finishReason ?? speech.reason
        }
        let ending = gate.finish()
        if !ending.text.isEmpty { try await tell(ending.text) }
        speech.text += ending.text
        speech.calls = ending.calls
        if !ending.calls.isEmpty { speech.reason = .toolCalls }
        return speech
    }

    /// Of one of the answer's choices.
    func toolCallGate(_ index: Int = 0) -> ToolCallGate {
        ToolCallGate(
            tools: chat.callableTools.map(\.name), answerID: index == 0 ? head.id : "\(head.id)-\(index)",
            limit: chat.allowsParallelToolCalls ? ToolDefinition.limit : 1)
    }
}

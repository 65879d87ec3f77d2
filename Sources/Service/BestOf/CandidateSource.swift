import Engine
import HTTP
import OpenAI
import Verifiers

/// Draws answers for a best-of request: first all candidates from one prompt, then those that correct one of them.
struct CandidateSource: Sendable {
    let request: BestOfRequest
    let model: ServedModel
    let head: AnswerHead
    let http: RequestHead
    let caller: Caller
    let registry: RequestRegistry

    /// Prompts that are handed to the engine at the same time: more would be refused by a short queue.
    private static let width = 16

    private struct Drawn: Sendable {
        let speech: Speech
        let tokens: Int
        let meanLogprob: Double

        init(_ speech: Speech, _ stream: TextStream) {
            self.speech = speech
            tokens = stream.completionTokens
            meanLogprob = stream.meanLogprob
        }
    }

    private var seed: Int64 { request.sampling.seed ?? 0 }

    /// All candidates, whose prompt is computed once.
    func draw() async throws -> (attempts: [BestOfAnswer.Attempt], usage: Usage) {
        let (drawn, summary) =
            switch request.prompt {
            case .chat(let chat): try await draw([chat], offset: 0)
            case .plain(let completion): try await draw(completion)
            }
        let attempts = drawn.enumerated().map { attempt($1, seed: Self.seed(seed, sample: $0)) }
        return (attempts, summary.usage)
    }

    /// New answers in place of those that a verifier has not passed, in their order.
    ///
    /// - Parameter round: 1 for the first.
    func correct(
        _ candidates: [BestOfCandidate], round: Int
    ) async throws -> (attempts: [BestOfAnswer.Attempt], usage: Usage) {
        guard case .chat(let chat) = request.prompt else { return ([], .none) }
        var attempts: [BestOfAnswer.Attempt] = []
        var usage = Usage.none
        for start in stride(from: 0, to: candidates.count, by: Self.width) {
            let part = candidates[start..<min(start + Self.width, candidates.count)]
            // Apart from the seeds of the candidates themselves.
            let seeds = part.map { Self.seed($0.attempt.seed, sample: SamplingFields.samplesLimit + round) }
            let chats = zip(part, seeds).map {
                request.corrected(chat, answer: $0.attempt.message, report: $0.report, seed: $1)
            }
            let (drawn, summary) = try await draw(chats, offset: round * SamplingFields.samplesLimit + start)
            attempts += zip(drawn, seeds).map { attempt($0, seed: $1) }
            usage = usage + summary.usage
        }
        return (attempts, usage)
    }

    /// - Parameter offset: number of the first answer, so that the ids of tool calls differ.
    private func draw(
        _ chats: [ChatCompletionRequest], offset: Int
    ) async throws -> (results: [Drawn], summary: AnswerSummary) {
        let runs = chats.map { ChatRun(chat: $0, model: model, head: head, caller: caller) }
        var generations: [GenerationRequest] = []
        for run in runs { generations.append(try await run.generation(http, from: "messages")) }
        return try await streams(generations).read { index, stream in
            // All have the same tools.
            Drawn(try await runs[0].listen(to: &stream, index: offset + index) { _ in }, stream)
        }
    }

    private func draw(_ completion: CompletionRequest) async throws -> (results: [Drawn], summary: AnswerSummary) {
        let generation = try GenerationRequest(
            prompt: PromptBuilder(model: model).prompt(completion.prompts[0]), from: "prompt",
            fields: completion.sampling, samples: completion.sampling.n, model: model, caller: caller,
            deadline: try RequestDeadline.of(http, streams: false),
            constraint: try await model.grammars.constraint(of: completion.sampling))
        return try await streams([generation]).read { _, stream in
            var speech = Speech()
            while let delta = try await stream.next() {
                speech.append(.text(delta.text))
                speech.reason = delta.finishReason ?? speech.reason
            }
            return Drawn(speech, stream)
        }
    }

    private func streams(_ generations: [GenerationRequest]) throws -> SampleStreams {
        // Of log-probabilities their mean is wanted, which the stream has without a list of them.
        var options = TextOptions(stop: request.sampling.stop)
        if case .chat(let chat) = request.prompt { options.showsPythonTag = TextOptions(chat).showsPythonTag }
        return try SampleStreams(
            generations, options, model: model, head: head, request: http,
            caller: caller, maxTokens: request.sampling.maxTokens, registry: registry)
    }

    private func attempt(_ drawn: Drawn, seed: Int64) -> BestOfAnswer.Attempt {
        BestOfAnswer.Attempt(
            text: drawn.speech.text, toolCalls: drawn.speech.calls, finishReason: drawn.speech.reason, seed: seed,
            tokens: drawn.tokens, meanLogprob: drawn.meanLogprob)
    }

    /// As the engine numbers samples.
    private static func seed(_ seed: Int64, sample: Int) -> Int64 {
        Int64(bitPattern: CounterRandom.seed(UInt64(bitPattern: seed), sample: sample))
    }
}

extension BestOfAnswer.Attempt {
    /// As a conversation has it.
    var message: ChatMessage {
        ChatMessage(role: .assistant, content: toolCalls.isEmpty || !text.isEmpty ? text : nil, toolCalls: toolCalls)
    }
}

extension BestOfCandidate {
    /// What a verifier said against it.
    fileprivate var report: String {
        let verdict = drop?.verdict
        let report = verdict?.report ?? ""
        return report.isEmpty ? verdict?.failure?.description ?? "It is wrong." : report
    }
}

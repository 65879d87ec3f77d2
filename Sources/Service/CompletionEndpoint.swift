import Engine
import HTTP
import JSON
import Language
import OpenAI

/// POST /v1/completions
struct CompletionEndpoint: Sendable {
    let state: ServiceState
    let keepAlive: Duration

    func respond(to request: Request, from caller: Caller) async throws -> Response {
        let completion = try CompletionRequest(try JSONValue(parsing: request.body))
        let model = try state.readyModel(named: completion.sampling.model)
        try caller.check(model: model.id)
        let prompt = PromptBuilder(model: model).prompt(for: completion)
        let deadline = try RequestDeadline.of(request.head, streams: completion.sampling.streams)
        let generation = try GenerationRequest(
            prompt: prompt, from: "prompt", fields: completion.sampling, samples: completion.bestOf, model: model,
            caller: caller, deadline: deadline, constraint: try await model.grammars.constraint(of: completion.sampling)
        )
        let head = model.answerHead("cmpl", requestID: request.id)
        let answer = CompletionAnswer(
            request: completion, head: head,
            samples: try SampleStreams(
                generation, stop: completion.sampling.stop, model: model, head: head, requestID: request.id,
                registry: state.requests,
                meter: try caller.begin(generation, maxTokens: completion.sampling.maxTokens)))
        guard completion.sampling.streams else { return Response(json: try await answer.whole()) }
        return .events { writer in
            try await writer.keepingAlive(every: keepAlive) { try await answer.write(to: writer) }
        }
    }
}

/// The answer to one plain completion while its tokens come in.
private struct CompletionAnswer: Sendable {
    let request: CompletionRequest
    let head: AnswerHead
    let samples: SampleStreams

    private struct Sample: Sendable {
        var text = ""
        var reason: OpenAI.FinishReason?
        var meanLogprob = 0.0
    }

    func whole() async throws -> JSONValue {
        let (drawn, usage) = try await samples.read { _, stream in
            var sample = Sample()
            while let delta = try await stream.next() {
                sample.text += delta.text
                sample.reason = delta.finishReason
            }
            sample.meanLogprob = stream.meanLogprob
            return sample
        }
        let choices = best(of: drawn).enumerated().map { index, sample in
            Completion.Choice(index: index, text: sample.text, finishReason: sample.reason)
        }
        return Completion(head: head, choices: choices).json(usage: .present(usage))
    }

    /// All of them as they were drawn, or the likeliest, best first. The sort is stable, so equal ones stay in order.
    private func best(of samples: [Sample]) -> some Collection<Sample> {
        guard samples.count > request.sampling.n else { return samples[...] }
        return samples.sorted { $0.meanLogprob > $1.meanLogprob }.prefix(request.sampling.n)
    }

    func write(to writer: EventStreamWriter) async throws {
        // The head of the answer goes out before the first token, which may be minutes away.
        try await writer.comment()
        let includesUsage = request.sampling.includesUsage
        do {
            let (_, usage) = try await samples.read { index, stream in
                while let delta = try await stream.next() {
                    let choice = Completion.Choice(index: index, text: delta.text, finishReason: delta.finishReason)
                    let event = Completion(head: head, choices: [choice])
                    try await writer.event(event.json(usage: includesUsage ? .null : .absent).serialized)
                }
            }
            if includesUsage { try await writer.event(Completion.usageEvent(head, usage).serialized) }
            try await writer.event(Array("[DONE]".utf8))
        } catch let error as APIError {
            try await writer.event(error.json.serialized)
        }
    }
}

import Engine
import HTTP
import JSON
import Language
import OpenAI

/// POST /v1/completions
struct CompletionEndpoint: Sendable {
    let state: ServiceState
    let keepAlive: Duration

    func respond(to request: Request) async throws -> Response {
        let completion = try CompletionRequest(try JSONValue(parsing: request.body))
        let model = try state.readyModel(named: completion.sampling.model)
        let prompt = PromptBuilder(model: model).prompt(for: completion)
        let deadline = try RequestDeadline.of(request.head, streams: completion.sampling.streams)
        let generation = try GenerationRequest(
            prompt: prompt, from: "prompt", fields: completion.sampling, samples: completion.bestOf, model: model,
            deadline: deadline, constraint: try await model.grammars.constraint(of: completion.sampling))
        let head = model.answerHead("cmpl", requestID: request.id)
        let answer = CompletionAnswer(
            request: completion, head: head,
            samples: try SampleStreams(
                generation, fields: completion.sampling, model: model, head: head, request: request.head,
                registry: state.requests))
        guard completion.sampling.streams else { return try await answer.whole() }
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

    func whole() async throws -> Response {
        let (drawn, summary) = try await samples.read { _, stream in
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
        let answer = Completion(head: head, choices: choices)
        return Response(
            json: answer.json(usage: .present(summary.usage), timings: summary.timings), summary.serverTiming)
    }

    /// All of them as they were drawn, or the likeliest, best first. The sort is stable, so equal ones stay in order.
    private func best(of samples: [Sample]) -> some Collection<Sample> {
        guard samples.count > request.sampling.n else { return samples[...] }
        return samples.sorted { $0.meanLogprob > $1.meanLogprob }.prefix(request.sampling.n)
    }

    func write(to writer: EventStreamWriter) async throws {
        // The head of the answer goes out before the first token, which may be minutes away.
        try await writer.comment()
        do {
            let (_, summary) = try await samples.read { index, stream in
                while let delta = try await stream.next() {
                    for event in events(of: delta, index, stream) { try await writer.event(event.serialized) }
                }
            }
            if request.sampling.includesUsage {
                try await writer.event(Completion.usageEvent(head, summary.usage, summary.timings).serialized)
            }
            try await writer.event(Array("[DONE]".utf8))
        } catch let error as APIError {
            try await writer.event(error.json.serialized)
        }
    }

    /// One for the progress of the prompt and one for text. The last of a choice has its timings, the others with text if
    /// the client asked for them.
    private func events(of delta: TextDelta, _ index: Int, _ stream: TextStream) -> [JSONValue] {
        let usage: Completion.UsageMember = request.sampling.includesUsage ? .null : .absent
        var events: [JSONValue] = []
        if let progress = delta.progress {
            let choice = Completion.Choice(index: index, text: "", finishReason: nil)
            events.append(Completion(head: head, choices: [choice]).json(usage: usage, progress: progress))
        }
        if !delta.text.isEmpty || delta.finishReason != nil {
            let choice = Completion.Choice(index: index, text: delta.text, finishReason: delta.finishReason)
            let isTimed = delta.finishReason != nil || request.sampling.timesTokens
            events.append(
                Completion(head: head, choices: [choice]).json(usage: usage, timings: isTimed ? stream.timings : nil))
        }
        return events
    }
}

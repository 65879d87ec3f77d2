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
        let prompts = completion.prompts.map(PromptBuilder(model: model).prompt)
        let deadline = try RequestDeadline.of(request.head, streams: completion.sampling.streams)
        let constraint = try await model.grammars.constraint(of: completion.sampling)
        let generations = try prompts.enumerated().map { index, prompt in
            try GenerationRequest(
                prompt: prompt, from: prompts.count == 1 ? "prompt" : "prompt[\(index)]", fields: completion.sampling,
                samples: completion.bestOf, model: model, caller: caller, deadline: deadline,
                scoring: completion.echoes ? completion.sampling.topLogprobs.map { PromptScoring(top: $0) } : nil,
                constraint: constraint)
        }
        let head = model.answerHead("cmpl", requestID: request.id)
        let answer = CompletionAnswer(
            request: completion, head: head,
            echoes: completion.echoes
                ? zip(completion.prompts, prompts).map { PromptEcho($0, tokens: $1, model.tokenizer) } : [],
            samples: try SampleStreams(
                generations, TextOptions(completion.sampling), model: model, head: head, request: request.head,
                caller: caller, maxTokens: completion.sampling.maxTokens,
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
    /// What the texts of each prompt begin with; empty for nothing.
    let echoes: [PromptEcho]
    let samples: SampleStreams

    private struct Sample: Sendable {
        var text = ""
        var logprobs: [LogprobItem] = []
        var reason: OpenAI.FinishReason?
        var meanLogprob = 0.0
        /// The first sample of each prompt has those.
        var promptScores: [SampledToken] = []
    }

    func whole() async throws -> Response {
        let (drawn, summary) = try await samples.read { index, stream in
            var sample = Sample()
            stream.begin(at: echo(index / request.bestOf)?.length ?? 0)
            while let delta = try await stream.next() {
                sample.text += delta.text
                sample.logprobs += delta.logprobs
                sample.reason = delta.finishReason
            }
            sample.meanLogprob = stream.meanLogprob
            sample.promptScores = stream.promptScores
            return sample
        }
        let firsts = stride(from: 0, to: drawn.count, by: request.bestOf)
        let choices = firsts.flatMap { first in
            best(of: drawn[first..<first + request.bestOf]).map { ($0, drawn[first].promptScores) }
        }
        .enumerated().map { choice($0, $1.0, behind: echo($0 / request.sampling.n), $1.1) }
        let answer = Completion(head: head, choices: choices)
        return Response(
            json: answer.json(usage: .present(summary.usage), timings: summary.timings), summary.serverTiming)
    }

    /// All of them as they were drawn, or the likeliest, best first. The sort is stable, so equal ones stay in order.
    private func best(of samples: ArraySlice<Sample>) -> ArraySlice<Sample> {
        guard samples.count > request.sampling.n else { return samples }
        return samples.sorted { $0.meanLogprob > $1.meanLogprob }.prefix(request.sampling.n)
    }

    private func echo(_ prompt: Int) -> PromptEcho? { echoes.isEmpty ? nil : echoes[prompt] }

    /// - Parameters:
    ///   - echo: what comes before the text; nil for nothing.
    ///   - scores: of the prompt.
    private func choice(
        _ index: Int, _ sample: Sample, behind echo: PromptEcho?, _ scores: [SampledToken]
    ) -> Completion.Choice {
        let logprobs = request.sampling.topLogprobs == nil ? nil : (echo?.logprobs(scores) ?? []) + sample.logprobs
        return Completion.Choice(
            index: index, text: (echo?.text ?? "") + sample.text, logprobs: logprobs, finishReason: sample.reason)
    }

    func write(to writer: EventStreamWriter) async throws {
        // The head of the answer goes out before the first token, which may be minutes away.
        try await writer.comment()
        do {
            let (_, summary) = try await samples.read { index, stream in
                var echo = echo(index / request.sampling.n)
                stream.begin(at: echo?.length ?? 0)
                while let delta = try await stream.next() {
                    for event in events(of: delta, index, stream, &echo) { try await writer.event(event.serialized) }
                }
            }
            if request.sampling.includesUsage {
                try await writer.event(Completion.usageEvent(head, summary.usage, summary.timings).serialized)
            }
        } catch let error as APIError {
            try await writer.event(error.json.serialized)
        }
        try await writer.done()
    }

    /// One for the progress of the prompt and one for text, the first of which begins with `echo`. The last of a choice has
    /// its timings, the others with text if the client asked for them.
    private func events(
        of delta: TextDelta, _ index: Int, _ stream: TextStream, _ echo: inout PromptEcho?
    ) -> [JSONValue] {
        let usage: Completion.UsageMember = request.sampling.includesUsage ? .null : .absent
        var events: [JSONValue] = []
        if let progress = delta.progress {
            let choice = Completion.Choice(index: index, text: "", logprobs: nil, finishReason: nil)
            events.append(Completion(head: head, choices: [choice]).json(usage: usage, progress: progress))
        }
        if !delta.text.isEmpty || delta.finishReason != nil {
            let sample = Sample(text: delta.text, logprobs: delta.logprobs, reason: delta.finishReason)
            let choice = choice(index, sample, behind: echo, stream.promptScores)
            echo = nil
            let isTimed = delta.finishReason != nil || request.sampling.timesTokens
            events.append(
                Completion(head: head, choices: [choice]).json(usage: usage, timings: isTimed ? stream.timings : nil))
        }
        return events
    }
}

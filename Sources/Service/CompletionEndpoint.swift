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
                samples: completion.bestOf, model: model, caller: caller, deadline: deadline, constraint: constraint)
        }
        let head = model.answerHead("cmpl", requestID: request.id)
        let answer = CompletionAnswer(
            request: completion, head: head, echo: try echo(of: completion, prompts, model),
            samples: try SampleStreams(
                generations, fields: completion.sampling, model: model, head: head, requestID: request.id,
                caller: caller,
                registry: state.requests))
        guard completion.sampling.streams else { return Response(json: try await answer.whole()) }
        return .events { writer in
            try await writer.keepingAlive(every: keepAlive) { try await answer.write(to: writer) }
        }
    }

    /// The text of each prompt, if the answer is to begin with it: as the client wrote it, or what its tokens say.
    private func echo(
        of completion: CompletionRequest, _ prompts: [[Int32]], _ model: ServedModel
    ) throws(APIError) -> [String] {
        guard completion.echoes else { return [] }
        guard completion.sampling.topLogprobs == nil else {
            throw .unsupported("echo", "'echo' with 'logprobs' is not supported yet.")
        }
        return zip(completion.prompts, prompts).map { prompt, tokens in
            if case .text(let text) = prompt { text } else { model.tokenizer.decode(tokens, skipsSpecial: true) }
        }
    }
}

/// The answer to one plain completion while its tokens come in.
private struct CompletionAnswer: Sendable {
    let request: CompletionRequest
    let head: AnswerHead
    /// What the text of each prompt's samples begins with; empty for nothing.
    let echo: [String]
    let samples: SampleStreams

    private struct Sample: Sendable {
        var text = ""
        var logprobs: [LogprobItem] = []
        var reason: OpenAI.FinishReason?
        var meanLogprob = 0.0
    }

    func whole() async throws -> JSONValue {
        let (drawn, usage) = try await samples.read { _, stream in
            var sample = Sample()
            while let delta = try await stream.next() {
                sample.text += delta.text
                sample.logprobs += delta.logprobs
                sample.reason = delta.finishReason
            }
            sample.meanLogprob = stream.meanLogprob
            return sample
        }
        let perPrompt = stride(from: 0, to: drawn.count, by: request.bestOf)
        let answers = perPrompt.flatMap { best(of: drawn[$0..<$0 + request.bestOf]) }
        let choices = answers.enumerated().map { index, sample in
            choice(index, echoed(index) + sample.text, sample.logprobs, sample.reason)
        }
        return Completion(head: head, choices: choices).json(usage: .present(usage))
    }

    /// All of them as they were drawn, or the likeliest, best first. The sort is stable, so equal ones stay in order.
    private func best(of samples: ArraySlice<Sample>) -> ArraySlice<Sample> {
        guard samples.count > request.sampling.n else { return samples }
        return samples.sorted { $0.meanLogprob > $1.meanLogprob }.prefix(request.sampling.n)
    }

    private func echoed(_ choice: Int) -> String { echo.isEmpty ? "" : echo[choice / request.sampling.n] }

    private func choice(
        _ index: Int, _ text: String, _ logprobs: [LogprobItem], _ reason: OpenAI.FinishReason?
    ) -> Completion.Choice {
        Completion.Choice(
            index: index, text: text, logprobs: request.sampling.topLogprobs == nil ? nil : logprobs,
            finishReason: reason)
    }

    func write(to writer: EventStreamWriter) async throws {
        // The head of the answer goes out before the first token, which may be minutes away.
        try await writer.comment()
        let includesUsage = request.sampling.includesUsage
        do {
            let (_, usage) = try await samples.read { index, stream in
                var echo = echoed(index)
                while let delta = try await stream.next() {
                    let choice = choice(index, echo + delta.text, delta.logprobs, delta.finishReason)
                    let event = Completion(head: head, choices: [choice])
                    try await writer.event(event.json(usage: includesUsage ? .null : .absent).serialized)
                    echo = ""
                }
            }
            if includesUsage { try await writer.event(Completion.usageEvent(head, usage).serialized) }
            try await writer.event(Array("[DONE]".utf8))
        } catch let error as APIError {
            try await writer.event(error.json.serialized)
        }
    }
}

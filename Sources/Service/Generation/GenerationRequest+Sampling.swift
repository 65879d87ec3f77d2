import Engine
import HTTP
import HTTPTypes
import OpenAI

extension GenerationRequest {
    /// The one place where what a client said becomes what the engine does; nothing behind it checks again.
    ///
    /// - Parameters:
    ///   - param: the request field that `prompt` was made from.
    ///   - scoring: log-probabilities of the prompt to report.
    ///   - samples: to draw; the best `fields.n` of them are the answer, which takes their log-probabilities.
    init(
        prompt: [Int32], from param: String, fields: SamplingFields, samples: Int, model: ServedModel, caller: Caller,
        deadline: ContinuousClock.Instant?, scoring: PromptScoring? = nil, constraint: (any ConstraintSource)? = nil
    ) throws(APIError) {
        let room = model.engine.contextLength - prompt.count
        guard room > 0 else {
            throw .contextLengthExceeded(limit: model.engine.contextLength, prompt: prompt.count, param: param)
        }
        guard samples <= model.samplesLimit else {
            let param = samples == fields.n ? "n" : "best_of"
            throw .invalid(param, "'\(param)' may be at most \(model.samplesLimit) on this server, got \(samples).")
        }
        let known = 0..<Int32(clamping: model.engine.vocabularySize)
        if let id = prompt.first(where: { !known.contains($0) }) {
            throw .invalid(param, "Token \(id) is not in the vocabulary of \(known.count) tokens.")
        }
        if let id = fields.logitBias.map(\.token).first(where: { !known.contains($0) }) {
            throw .invalid("logit_bias.\(id)", "Token \(id) is not in the vocabulary of \(known.count) tokens.")
        }
        self.init(
            prompt: prompt,
            sampling: SamplingParameters(fields, defaults: model.defaults),
            samples: samples,
            maxTokens: min(fields.maxTokens ?? room, room),
            stopTokens: fields.ignoresEndOfText ? [] : model.stopTokens,
            priority: try caller.priority(fields.priority), tenant: caller.tenant, deadline: deadline,
            topLogprobs: fields.topLogprobs ?? (samples > fields.n ? 0 : nil),
            scoring: scoring, cacheSalt: caller.cacheScope(salt: fields.cacheSalt ?? ""), constraint: constraint)
    }
}

extension SamplingParameters {
    fileprivate init(_ fields: SamplingFields, defaults: SamplingDefaults) {
        self.init(
            temperature: Float(fields.temperature ?? defaults.temperature),
            topK: fields.topK ?? defaults.topK,
            topP: Float(fields.topP ?? defaults.topP),
            minP: Float(fields.minP ?? 0),
            repetitionPenalty: Float(fields.repetitionPenalty ?? 1),
            frequencyPenalty: Float(fields.frequencyPenalty ?? 0),
            presencePenalty: Float(fields.presencePenalty ?? 0),
            logitBias: fields.logitBias.map { LogitBias(token: $0.token, bias: Float($0.bias)) },
            seed: fields.seed.map { UInt64(bitPattern: $0) } ?? UInt64.random(in: .min ... .max))
    }
}

/// When an answer comes too late, from the request's head.
enum RequestDeadline {
    /// `x-request-timeout`, in seconds. For an answer that is not streamed the read time-out that the official client
    /// announces counts too: after it nobody is there to read.
    static func of(_ head: RequestHead, streams: Bool) throws(APIError) -> ContinuousClock.Instant? {
        let own = try seconds(head, "x-request-timeout")
        let announced = streams ? nil : try? seconds(head, "x-stainless-read-timeout")
        guard let seconds = [own, announced].compactMap(\.self).min() else { return nil }
        return head.receivedAt + .seconds(seconds)
    }

    /// As above, of a part of an answer that is not streamed: a twentieth earlier, a second at most, which is for the rest.
    static func ofPart(of head: RequestHead) throws(APIError) -> ContinuousClock.Instant? {
        guard let deadline = try of(head, streams: false) else { return nil }
        return deadline - min(.seconds(1), head.receivedAt.duration(to: deadline) / 20)
    }

    private static func seconds(_ head: RequestHead, _ field: String) throws(APIError) -> Double? {
        guard let name = HTTPField.Name(field), let text = head.fields[name] else { return nil }
        guard let seconds = Double(text), seconds > 0, seconds <= 86_400 else {
            throw .invalid(field, "The header '\(field)' must be a number of seconds up to 86400.")
        }
        return seconds
    }
}

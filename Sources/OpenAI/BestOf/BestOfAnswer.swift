package import JSON

/// The answer to a best-of request: the best candidate, and all of them with what was found out about each.
package struct BestOfAnswer: Sendable {
    package struct Candidate: Sendable {
        package let attempt: Attempt
        /// One for each scorer that looked at it.
        package let scores: [Score]
        /// 1 for the best; nil for one that was dropped.
        package let rank: Int?
        package let why: String
        /// Earlier answers that a verifier did not pass, first to last.
        package let trail: [FailedAttempt]

        package init(attempt: Attempt, scores: [Score], rank: Int?, why: String, trail: [FailedAttempt]) {
            self.attempt = attempt
            self.scores = scores
            self.rank = rank
            self.why = why
            self.trail = trail
        }
    }

    /// One answer of the model.
    package struct Attempt: Sendable {
        package let text: String
        package let toolCalls: [ToolCall]
        package let finishReason: FinishReason
        /// With which the same request and `n` 1 gives the same.
        package let seed: Int64
        package let tokens: Int
        package let meanLogprob: Double

        package init(
            text: String, toolCalls: [ToolCall], finishReason: FinishReason, seed: Int64, tokens: Int,
            meanLogprob: Double
        ) {
            self.text = text
            self.toolCalls = toolCalls
            self.finishReason = finishReason
            self.seed = seed
            self.tokens = tokens
            self.meanLogprob = meanLogprob
        }
    }

    package struct FailedAttempt: Sendable {
        let attempt: Attempt
        /// The verifier's word.
        let verdict: JSONValue

        package init(attempt: Attempt, verdict: JSONValue) {
            self.attempt = attempt
            self.verdict = verdict
        }
    }

    package struct Score: Sendable {
        package let scorer: BestOfScorer
        package let value: Double
        /// More members of its object.
        package let details: JSONObject

        package init(scorer: BestOfScorer, value: Double, details: JSONObject = [:]) {
            self.scorer = scorer
            self.value = value
            self.details = details
        }
    }

    private let head: AnswerHead
    private let candidates: [Candidate]
    /// Candidates have messages, not texts.
    private let isChat: Bool
    private let usage: Usage
    private let scoringUsage: Usage

    /// - Parameters:
    ///   - usage: of the candidates and those before them.
    ///   - scoringUsage: of judges that are this model.
    package init(head: AnswerHead, candidates: [Candidate], isChat: Bool, usage: Usage, scoringUsage: Usage) {
        self.head = head
        self.candidates = candidates
        self.isChat = isChat
        self.usage = usage
        self.scoringUsage = scoringUsage
    }

    /// `choices` has the best in OpenAI's form, or nothing where none was kept.
    package var json: JSONValue {
        let best = candidates.firstIndex { $0.rank == 1 }
        let choice = best.map { JSONValue.object(candidates[$0].attempt.object(isChat: isChat, index: 0)) }
        var object = head.object("best_of", choices: .array(choice.map { [$0] } ?? []))
        object["best"] = best.map { .integer(Int64($0)) } ?? .null
        object["candidates"] = .array(candidates.enumerated().map { candidate($1, at: $0) })
        object["usage"] = usage.json
        object["scoring_usage"] = scoringUsage.json
        return .object(object)
    }

    private func candidate(_ candidate: Candidate, at index: Int) -> JSONValue {
        var object = candidate.attempt.object(isChat: isChat, index: index)
        object["kept"] = .bool(candidate.rank != nil)
        object["rank"] = candidate.rank.map { .integer(Int64($0)) } ?? .null
        object["why"] = .string(candidate.why)
        object["scores"] = .array(candidate.scores.map(\.json))
        object["trail"] = .array(
            candidate.trail.map { failed in
                var object = failed.attempt.object(isChat: isChat)
                object["verdict"] = failed.verdict
                return .object(object)
            })
        return .object(object)
    }
}

extension BestOfAnswer.Attempt {
    fileprivate func object(isChat: Bool, index: Int? = nil) -> JSONObject {
        var object = JSONObject()
        object["index"] = index.map { .integer(Int64($0)) }
        if isChat {
            var message: JSONObject = [
                "role": "assistant", "content": text.isEmpty && !toolCalls.isEmpty ? .null : .string(text),
                "refusal": .null,
            ]
            if !toolCalls.isEmpty { message["tool_calls"] = .array(toolCalls.map { $0.json() }) }
            object["message"] = .object(message)
        } else {
            object["text"] = .string(text)
        }
        object["finish_reason"] = .string(finishReason.rawValue)
        object["seed"] = .integer(seed)
        object["tokens"] = .integer(Int64(tokens))
        object["mean_logprob"] = LogprobItem.number(meanLogprob)
        return object
    }
}

extension BestOfAnswer.Score {
    fileprivate var json: JSONValue {
        var object: JSONObject = ["type": .string(scorer.type), "score": .number(value)]
        switch scorer.kind {
        case .judge(let rubric, let judge):
            object["rubric"] = .string(rubric.name)
            object["judge"] = judge.map(JSONValue.string) ?? .null
        case .verifier(let name): object["name"] = .string(name)
        case .logprob, .majority: break
        }
        for member in details.members { object[member.name] = member.value }
        return .object(object)
    }
}

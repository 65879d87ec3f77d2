import Foundation
import JSON
import OpenAI
import Verifiers

/// The scorers of a request, ready to work. Verifiers come first, wherever they stand: what they do not pass is corrected
/// or dropped, and no other scorer looks at it. The others follow in their order.
struct ScoringPanel: Sendable {
    private enum Member: Sendable {
        case logprob
        case majority(AnswerExtractor)
        case judge(any Judge, JudgeRubric)
        case verifier(ListedVerifier)
    }

    private let request: BestOfRequest
    private let members: [(scorer: BestOfScorer, member: Member)]
    /// When verifiers are ended, so that the answer comes in the time that the request has; nil for one without.
    private let deadline: ContinuousClock.Instant?

    /// Throws when a name is not the operator's, or a regular expression is none.
    init(
        _ request: BestOfRequest, _ source: CandidateSource, verifiers: VerifierRoster, judges: JudgeRoster
    ) throws(APIError) {
        self.request = request
        deadline = try RequestDeadline.ofPart(of: source.http)
        var members: [(BestOfScorer, Member)] = []
        for (place, scorer) in request.scorers.enumerated() {
            let path = "scorers[\(place)]"
            let member: Member =
                switch scorer.kind {
                case .logprob: .logprob
                case .majority(let extraction): .majority(try AnswerExtractor(extraction, param: path + ".regex"))
                case .judge(let rubric, let name): .judge(try judges.judge(name, source, param: path), rubric)
                case .verifier(let name): .verifier(try Self.verifier(name, verifiers, param: path + ".name"))
                }
            members.append((scorer, member))
        }
        self.members = members
    }

    private static func verifier(
        _ name: String, _ roster: VerifierRoster, param: String
    ) throws(APIError) -> ListedVerifier {
        if let verifier = roster[name] { return verifier }
        throw .invalid(
            param,
            "There is no verifier '\(name.prefix(100))'. This server has: \(roster.names.joined(separator: ", ")).")
    }

    // MARK: Verifiers

    /// Has all verifiers look at those candidates that they have not seen.
    func verify(_ candidates: inout [BestOfCandidate]) async throws {
        for (place, entry) in members.enumerated() {
            guard case .verifier(let verifier) = entry.member else { continue }
            let open = candidates.indices.filter { candidates[$0].awaits(scorer: place) }
            let verdicts = await verdicts(of: verifier, on: open.map { candidates[$0].attempt })
            try Task.checkCancellation()
            for (index, verdict) in zip(open, verdicts) {
                var details = verdict.json.object ?? [:]
                details["score"] = nil
                let score = BestOfAnswer.Score(scorer: entry.scorer, value: verdict.score, details: details)
                candidates[index].take(score, at: place, verdict: verdict)
            }
        }
    }

    private func verdicts(of verifier: ListedVerifier, on attempts: [BestOfAnswer.Attempt]) async -> [Verdict] {
        await withTaskGroup(of: (Int, Verdict).self) { group in
            for (index, attempt) in attempts.enumerated() {
                group.addTask { (index, await verifier.verify(candidate(attempt), by: deadline)) }
            }
            var verdicts: [(Int, Verdict)] = []
            for await verdict in group { verdicts.append(verdict) }
            return verdicts.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func candidate(_ attempt: BestOfAnswer.Attempt) -> Candidate {
        var candidate = Candidate(
            completion: attempt.text, toolCalls: attempt.toolCalls.map { $0.json() }, reference: request.reference)
        switch request.prompt {
        case .chat(let chat):
            candidate.messages = chat.prompt.messages.map(\.templateValue)
            candidate.tools = chat.prompt.tools.map(\.json)
        case .plain(let completion):
            if case .text(let text) = completion.prompts[0] { candidate.prompt = text }
        }
        return candidate
    }

    // MARK: The others

    /// Returns what judges have cost that are this model.
    func score(_ candidates: inout [BestOfCandidate]) async throws -> Usage {
        var usage = Usage.none
        for (place, entry) in members.enumerated() {
            let open = candidates.indices.filter { candidates[$0].awaits(scorer: place) }
            let attempts = open.map { candidates[$0].attempt }
            let scores: [(value: Double, details: JSONObject)]
            switch entry.member {
            case .verifier: continue
            case .logprob: scores = attempts.map { (Self.probability($0.meanLogprob), [:]) }
            case .majority(let extractor): scores = MajorityVote(attempts.map { extractor.answer(in: $0.text) }).scores
            case .judge(let judge, let rubric):
                let used: Usage
                (scores, used) = try await JudgePanel(judge: judge, rubric: rubric, request: request).scores(
                    of: attempts)
                usage = usage + used
            }
            for (index, score) in zip(open, scores) {
                candidates[index].take(
                    BestOfAnswer.Score(scorer: entry.scorer, value: score.value, details: score.details), at: place)
            }
        }
        return usage
    }

    /// The geometric mean of the probabilities of an answer's tokens; 0 for an answer without any.
    private static func probability(_ meanLogprob: Double) -> Double { meanLogprob.isNaN ? 0 : exp(meanLogprob) }
}

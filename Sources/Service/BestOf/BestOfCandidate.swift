import OpenAI
import Verifiers

/// A candidate on its way to its place in the order.
struct BestOfCandidate: Sendable {
    /// Its last answer.
    var attempt: BestOfAnswer.Attempt
    /// By the place of their scorer in the request.
    private var scored: [Int: BestOfAnswer.Score] = [:]
    /// Why it is no longer looked at; nil while it is.
    var drop: Drop?
    var trail: [BestOfAnswer.FailedAttempt] = []

    struct Drop: Sendable {
        let why: String
        /// Of the verifier that it has not passed; nil for a score that is too low.
        let verdict: Verdict?
    }

    init(_ attempt: BestOfAnswer.Attempt) { self.attempt = attempt }

    var isKept: Bool { drop == nil }
    var ranOutOfTime: Bool { drop?.verdict?.failure == .deadline }
    var scores: [BestOfAnswer.Score] { scored.sorted { $0.key < $1.key }.map(\.value) }

    /// Whether that scorer has yet to look at it.
    func awaits(scorer place: Int) -> Bool { isKept && scored[place] == nil }

    /// Takes the score of a scorer in, and is dropped if that is less than it asks for.
    mutating func take(_ score: BestOfAnswer.Score, at place: Int, verdict: Verdict? = nil) {
        scored[place] = score
        if let verdict, !verdict.passed {
            let why = verdict.failure.map { "\($0.name): \($0)" } ?? "did not pass"
            drop = Drop(why: "\(score.scorer.title): \(why)", verdict: verdict)
        } else if let least = score.scorer.least, score.value < least {
            drop = Drop(why: "\(score.scorer.title): \(score.value) is less than \(least)", verdict: nil)
        }
    }

    /// Begins again with another answer; what was known of the old one is kept as a step on the way.
    mutating func retry(_ attempt: BestOfAnswer.Attempt) {
        if let verdict = drop?.verdict {
            trail.append(BestOfAnswer.FailedAttempt(attempt: self.attempt, verdict: verdict.json))
        }
        self.attempt = attempt
        scored = [:]
        drop = nil
    }
}

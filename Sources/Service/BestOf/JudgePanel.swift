import JSON
import OpenAI

/// Has a judge rate answers by a rubric. A label's weight is its exact probability, so that the score is not only the
/// likeliest label: the mean of the labels' values, from 0 for the worst to 1 for the best.
struct JudgePanel: Sendable {
    let judge: any Judge
    let rubric: JudgeRubric
    let request: BestOfRequest

    func scores(
        of attempts: [BestOfAnswer.Attempt]
    ) async throws -> (scores: [(value: Double, details: JSONObject)], usage: Usage) {
        // What does not look at the answers is asked once.
        let questions = rubric.readsAnswer ? attempts.map { question($0) } : attempts.prefix(1).map { question($0) }
        let (logprobs, usage) = try await judge.logprobs(of: rubric.labels, behind: questions)
        let scores = logprobs.map(score)
        return (attempts.indices.map { scores[rubric.readsAnswer ? $0 : 0] }, usage)
    }

    private func question(_ attempt: BestOfAnswer.Attempt) -> String {
        rubric.question(request: conversation, answer: Self.text(attempt))
    }

    private var conversation: String {
        switch request.prompt {
        case .chat(let chat):
            chat.prompt.messages.map { message in
                "\(message.role.rawValue): " + (message.content ?? Self.text(message.toolCalls))
            }.joined(separator: "\n")
        case .plain(let completion):
            if case .text(let text) = completion.prompts[0] { text } else { "" }
        }
    }

    private static func text(_ attempt: BestOfAnswer.Attempt) -> String {
        attempt.toolCalls.isEmpty ? attempt.text : text(attempt.toolCalls)
    }

    private static func text(_ calls: [ToolCall]) -> String {
        calls.map { String(decoding: $0.json().serialized, as: UTF8.self) }.joined(separator: "\n")
    }

    private func score(_ logprobs: [Double]) -> (value: Double, details: JSONObject) {
        let rating = JudgeRating(logprobs, rubric)
        let shares = JSONObject(zip(rubric.labels, rating.probabilities).map { ($0, .number($1)) })
        return (rating.value, ["label": .string(rubric.labels[rating.label]), "probabilities": .object(shares)])
    }
}

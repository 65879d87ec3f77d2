import Engine
import Language
import OpenAI

/// A model that rates answers: how likely it holds each of some labels to be what follows a question.
protocol Judge: Sendable {
    /// Natural logs of the probabilities of whole labels, and what that has cost here; in the order of the labels, one list
    /// for each question.
    func logprobs(of labels: [String], behind questions: [String]) async throws -> (logprobs: [[Double]], usage: Usage)
}

/// The model that is served, or another server's.
package struct JudgeRoster: Sendable {
    private let remote: [String: RemoteJudge]

    package init(_ judges: [RemoteJudge] = []) {
        remote = Dictionary(judges.map { ($0.name, $0) }) { first, _ in first }
    }

    /// - Parameter name: nil for the model that is served.
    func judge(_ name: String?, _ source: CandidateSource, param: String) throws(APIError) -> any Judge {
        guard let name else { return LocalJudge(source: source, param: param) }
        if let judge = remote[name] { return judge }
        let known = remote.keys.sorted().joined(separator: ", ")
        throw .invalid(
            param + ".judge",
            "There is no judge '\(name.prefix(100))'. This server has: \(known.isEmpty ? "its own model only" : known)."
        )
    }
}

/// The model that is served.
struct LocalJudge: Judge {
    let source: CandidateSource
    let param: String

    /// Texts that are scored at the same time: more would be refused by a short queue.
    private static let width = 24

    func logprobs(of labels: [String], behind questions: [String]) async throws -> (logprobs: [[Double]], usage: Usage)
    {
        let model = source.model
        let texts = labels.map { model.tokenizer.encode($0) + [model.endToken].compactMap(\.self) }
        let scoring = TextScoring(
            model: model, head: source.head, request: source.http, caller: source.caller, registry: source.registry,
            priority: source.request.sampling.priority, cacheSalt: source.request.sampling.cacheSalt)
        let part = max(1, Self.width / labels.count)
        var (logprobs, usage) = ([[Double]](), Usage.none)
        for start in stride(from: 0, to: questions.count, by: part) {
            var items: [TextScoring.Item] = []
            for question in questions[start..<min(start + part, questions.count)] {
                let chat = ChatPrompt(messages: [ChatMessage(role: .user, content: question)], tools: [])
                let prompt = try PromptBuilder(model: model).prompt(for: chat)
                items += texts.map { TextScoring.Item(prompt: prompt, text: $0, param: param) }
            }
            let (scores, summary) = try await scoring.scores(items)
            let sums = scores.map { $0.reduce(0) { $0 + Double($1.logprob) } }
            logprobs += stride(from: 0, to: sums.count, by: labels.count).map { Array(sums[$0..<$0 + labels.count]) }
            usage = usage + summary.usage
        }
        return (logprobs, usage)
    }
}

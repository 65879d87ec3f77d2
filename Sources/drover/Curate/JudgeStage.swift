import Curation
import Foundation
import JSON

/// Asks a judge about each answer that is still there: the exact probability of each label of its rubric.
struct JudgeStage: Sendable {
    let settings: JudgeSettings
    let rubric: Rubric
    let server: ModelServer
    let store: WorkStore
    private let digest: ContentHash

    init(_ settings: JudgeSettings, server: ModelServer, identity: ContentHash, store: WorkStore) throws {
        self.settings = settings
        self.server = server
        self.store = store
        rubric = try Rubric(settings.rubric)
        digest = ContentHash(rubric.json).with(identity.bytes)
    }

    /// - Parameters:
    ///   - keys: of all answers, by their positions.
    ///   - limit: requests at the same time.
    func run(_ dataset: inout Dataset, keys: [ContentHash], atOnce limit: Int) async throws {
        let kept = dataset.kept
        let missing = try kept.filter { try store.body(.judge, digest.with(keys[$0].bytes)) == nil }
        let progress = ProgressLine("judge", unit: "answers", total: kept.count, before: kept.count - missing.count)
        try await WorkQueue.run(missing, atOnce: limit) { [dataset] position in
            let entry = dataset.entries[position]
            let row = try await ask(dataset.prompts[entry.prompt], entry.sample)
            try store.save([WorkStore.Row(.judge, digest.with(keys[position].bytes), row.serialized)])
            progress.advance()
        }
        progress.finish()
        for position in kept { try apply(keys[position], to: &dataset, at: position) }
    }

    /// The log-probability of each label.
    func ask(_ prompt: Prompt, _ sample: Sample) async throws -> JSONValue {
        let question = rubric.question(prompt: prompt, answer: sample.content)
        let answer = try await server.post(
            "/v1/score",
            [
                "messages": [["role": "user", "content": .string(question)]],
                "continuations": .array(rubric.labels.map { .string($0.text) }), "include_end": true,
            ])
        let scores = (answer["data"]?.array ?? []).compactMap { $0.object?["logprob"]?.number }
        guard scores.count == rubric.labels.count else {
            throw ModelServerError(
                server: server.name, problem: "scored \(scores.count) of \(rubric.labels.count) labels")
        }
        return .array(scores.map(JSONValue.number))
    }

    private func apply(_ key: ContentHash, to dataset: inout Dataset, at position: Int) throws {
        let logprobs = (try store.value(.judge, digest.with(key.bytes))?.array ?? []).compactMap(\.number)
        let rating = Rating(logprobs: logprobs, labels: rubric.labels)
        dataset.setScore(rating.score, of: settings.name, at: position)
        if settings.top, rating.label.value < rubric.best {
            dataset.drop(position, at: .judge, by: settings.name, because: "rated '\(rating.label.text)'")
        } else if let keep = settings.keep, rating.score < keep {
            let score = (rating.score * 1_000).rounded() / 1_000
            dataset.drop(position, at: .judge, by: settings.name, because: "score \(score), at least \(keep)")
        }
    }
}

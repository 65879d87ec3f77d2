import Curation
import Foundation
import JSON
import OpenAI

/// Asks a judge about each answer that is still there, or about each prompt where its rubric reads no answer.
struct JudgeStage: Sendable {
    let settings: JudgeSettings
    let rubric: JudgeRubric
    let server: ModelServer
    let store: WorkStore
    private let digest: ContentHash

    init(_ settings: JudgeSettings, server: ModelServer, identity: ContentHash, store: WorkStore) throws {
        self.settings = settings
        self.server = server
        self.store = store
        rubric = settings.judgeRubric
        digest = ContentHash([
            "instructions": .string(rubric.instructions), "labels": .array(rubric.labels.map(JSONValue.string)),
            "reads_answer": .bool(rubric.readsAnswer),
        ]).with(identity.bytes)
    }

    /// - Parameters:
    ///   - keys: of all answers, by their positions.
    ///   - limit: requests at the same time.
    func run(_ dataset: inout Dataset, keys: [ContentHash], atOnce limit: Int) async throws {
        let unit = rubric.readsAnswer ? "different answers" : "prompts"
        let table = StageTable(store: store, table: .judge, unit: unit)
        let pieces = dataset.kept.map { position in
            let prompt = dataset.prompts[dataset.entries[position].prompt]
            return (digest.with(rubric.readsAnswer ? keys[position].bytes : prompt.key.bytes), position)
        }
        try await table.fill(pieces, atOnce: limit) { [dataset] position, key in
            let entry = dataset.entries[position]
            let row = try await ask(dataset.prompts[entry.prompt], entry.sample)
            return [WorkStore.Row(.judge, key, row.serialized)]
        }
        for (key, position) in pieces {
            apply((try table.value(key).array ?? []).compactMap(\.number), to: &dataset, at: position)
        }
    }

    /// The log-probability of each label.
    private func ask(_ prompt: Prompt, _ sample: Sample) async throws -> JSONValue {
        let question = rubric.question(request: prompt.transcript, answer: sample.content)
        let answer = try await server.post(
            "/v1/classify",
            [
                "messages": [["role": "user", "content": .string(question)]],
                "labels": .array(rubric.labels.map(JSONValue.string)), "include_end": true,
            ])
        let scores = answer["data"]?.array?.first?.object?["logprobs"]?.array?.compactMap(\.number) ?? []
        guard scores.count == rubric.labels.count else {
            throw ModelServerError(
                server: server.name, problem: "scored \(scores.count) of \(rubric.labels.count) labels")
        }
        return .array(scores.map(JSONValue.number))
    }

    private func apply(_ logprobs: [Double], to dataset: inout Dataset, at position: Int) {
        let best = logprobs.indices.max { logprobs[$0] < logprobs[$1] } ?? 0
        let weights = logprobs.map { exp($0 - logprobs[best]) }
        let sum = weights.reduce(0, +)
        // The mean of what the labels are worth, by their exact probabilities.
        let score = weights.indices.reduce(0.0) { $0 + weights[$1] / sum * rubric.value(of: $1) }
        dataset.setScore(score, of: settings.name, at: position)
        if settings.top, best != rubric.labels.count - 1 {
            dataset.drop(position, at: .judge, by: settings.name, because: "rated '\(rubric.labels[best])'")
        } else if let keep = settings.keep, score < keep {
            let shown = (score * 1_000).rounded() / 1_000
            dataset.drop(position, at: .judge, by: settings.name, because: "score \(shown), at least \(keep)")
        }
    }
}

extension JudgeSettings {
    /// The reader of recipes knows only presets that there are.
    fileprivate var judgeRubric: JudgeRubric {
        switch rubric {
        case .preset(let name): JudgeRubric.presets.first { $0.name == name } ?? JudgeRubric.presets[0]
        case .own(let instructions, let labels, let readsAnswer):
            JudgeRubric(name: name, instructions: instructions, labels: labels, readsAnswer: readsAnswer)
        }
    }

    /// Its score tells how good an answer is.
    var readsAnswer: Bool { judgeRubric.readsAnswer }
}

import Curation
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
        let question = rubric.question(request: Self.request(prompt), answer: sample.content)
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

    /// The conversation as best-of requests show it to their judges.
    private static func request(_ prompt: Prompt) -> String {
        prompt.messages.compactMap(\.object).map { message in
            let calls = message["tool_calls"].map { String(decoding: $0.serialized, as: UTF8.self) }
            return "\(message["role"]?.string ?? ""): \(message["content"]?.string ?? calls ?? "")"
        }.joined(separator: "\n")
    }

    private func apply(_ logprobs: [Double], to dataset: inout Dataset, at position: Int) {
        let rating = JudgeRating(logprobs, rubric)
        dataset.setScore(rating.value, of: settings.name, at: position)
        if settings.top, rating.label != rubric.labels.count - 1 {
            dataset.drop(position, at: .judge, by: settings.name, because: "rated '\(rubric.labels[rating.label])'")
        } else if let keep = settings.keep, rating.value < keep {
            let shown = (rating.value * 1_000).rounded() / 1_000
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

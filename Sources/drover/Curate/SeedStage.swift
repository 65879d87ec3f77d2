import Curation
import JSON

/// Lets the generator write prompts: each question of a source `seeds` becomes as many prompts as it asks for.
struct SeedStage: Sendable {
    let generate: GenerateStage

    func run(_ questions: [Prompt], each: Int, source: PromptSource) async throws -> [Prompt] {
        let table = StageTable(store: generate.store, table: .seeds, unit: "questions")
        let pieces = questions.map { (key(of: $0, each), $0) }
        try await table.fill(pieces, atOnce: generate.settings.concurrency) { question, key in
            let texts = try await texts(question, each)
            return [WorkStore.Row(.seeds, key, JSONValue.array(texts.map(JSONValue.string)).serialized)]
        }
        return try questions.flatMap { question in
            let texts = try table.value(key(of: question, each)).array ?? []
            return texts.compactMap(\.string).map { text in
                Prompt(text: text, system: source.system, tools: source.tools, fields: question.fields)
            }
        }
    }

    private func key(of question: Prompt, _ each: Int) -> ContentHash { generate.key(of: question).with(each) }

    private func texts(_ question: Prompt, _ each: Int) async throws -> [String] {
        var body = generate.settings.parameters
        // These are about the answers, not about the prompts that are written here.
        for name in ["tool_choice", "response_format", "stop"] { body[name] = nil }
        body["messages"] = .array(question.messages)
        body["n"] = .integer(Int64(each))
        body["seed"] = .integer(generate.seed(of: question))
        let server = generate.server
        let answer = try SampleReader(try await server.post("/v1/chat/completions", body), server: server.name)
        try generate.check(answer.fingerprint)
        return answer.samples.map(\.text).filter { !$0.allSatisfy(\.isWhitespace) }
    }
}

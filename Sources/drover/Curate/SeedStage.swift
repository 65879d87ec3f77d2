import Curation
import JSON

/// Lets the generator write prompts: each question of a source `seeds` becomes as many prompts as it asks for.
struct SeedStage: Sendable {
    let generate: GenerateStage

    func run(_ questions: [Prompt], each: Int, source: PromptSource) async throws -> [Prompt] {
        let missing = try questions.filter { try generate.store.body(.seeds, key(of: $0, each)) == nil }
        let progress = ProgressLine(
            "seeds", unit: "questions", total: questions.count, before: questions.count - missing.count)
        try await WorkQueue.run(missing, atOnce: generate.settings.concurrency) { question in
            let texts = try await texts(question, each)
            let body = JSONValue.array(texts.map(JSONValue.string)).serialized
            try generate.store.save([WorkStore.Row(.seeds, key(of: question, each), body)])
            progress.advance()
        }
        progress.finish()
        return try questions.flatMap { question in
            let texts = try generate.store.value(.seeds, key(of: question, each))?.array ?? []
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

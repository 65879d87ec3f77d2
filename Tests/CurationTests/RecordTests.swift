import Curation
import JSON
import Testing

struct RecordTests {
    private let provenance = Provenance(
        model: "m", sha256: "ab", fingerprint: "fp", licence: Licence("llama3.1"), sampler: ["temperature": 1],
        recipe: "r")

    private let prompt = Prompt(
        messages: [
            ["role": "system", "content": "S"], ["role": "user", "content": "Q1"],
            ["role": "assistant", "content": "A1"], ["role": "user", "content": "Q2"],
        ], fields: ["x": 1])

    private func entry(_ text: String, calls: [JSONValue] = []) -> Entry {
        Entry(prompt: 0, number: 2, sample: Sample(text: text, toolCalls: calls, meanLogprob: -0.5, tokens: 2))
    }

    private func json(_ format: ExportSettings.Format, _ record: Record) -> JSONObject {
        record.json(format, provenance).object ?? [:]
    }

    @Test func `SFT has messages and where they come from`() {
        let answer = Record.Answer(
            entry: entry("A2"), seed: 5, promptIDs: [1], tokenIDs: [2, 3], logprobs: [["id": 2]])
        let record = json(.sft, Record(prompt: prompt, chosen: answer))
        #expect(record["messages"]?.array?.count == 5)
        #expect(record["messages"]?.array?.last == ["role": "assistant", "content": "A2"])
        #expect(
            record["prompt_token_ids"] == [1] && record["token_ids"] == [2, 3] && record["logprobs"] == [["id": 2]])
        let metadata = record["metadata"]?.object
        #expect(metadata?["generator"] == ["model": "m", "licence": "llama3.1", "sha256": "ab", "fingerprint": "fp"])
        #expect(metadata?["sampler"] == ["temperature": 1])
        #expect(metadata?["seed"] == 5)
        #expect(metadata?["sample"] == 2)
        #expect(metadata?["fields"] == ["x": 1])
        #expect(metadata?["scores"] == ["mean_logprob": -0.5])
    }

    @Test func `preference pairs tell why the other was rejected`() {
        var rejected = entry("B2")
        rejected.fate = .dropped(.verify, by: "v", reason: "wrong")
        let record = json(
            .dpo,
            Record(
                prompt: prompt, chosen: Record.Answer(entry: entry("A2"), seed: 5),
                rejected: Record.Answer(entry: rejected, seed: 5)))
        #expect(record["prompt"]?.array?.count == 4)
        #expect(record["chosen"] == [["role": "assistant", "content": "A2"]])
        #expect(record["rejected"] == [["role": "assistant", "content": "B2"]])
        #expect(record["metadata"]?.object?["rejected_by"] == "v: wrong")
    }

    @Test func `Alpaca and ShareGPT have their own words`() {
        let record = Record(prompt: prompt, chosen: Record.Answer(entry: entry("A2"), seed: 5))
        let alpaca = json(.alpaca, record)
        #expect(alpaca["instruction"] == "Q2")
        #expect(alpaca["input"] == "")
        #expect(alpaca["output"] == "A2")
        #expect(alpaca["system"] == "S")
        #expect(alpaca["history"] == [["Q1", "A1"]])
        let turns = json(.sharegpt, record)["conversations"]?.array ?? []
        #expect(turns.compactMap { $0.object?["from"]?.string } == ["system", "human", "gpt", "human", "gpt"])
        #expect(turns.last == ["from": "gpt", "value": "A2"])
    }

    @Test func `calls of tools stay calls`() {
        let call: JSONValue = ["id": "call_0", "type": "function", "function": ["name": "f", "arguments": "{}"]]
        let record = Record(prompt: prompt, chosen: Record.Answer(entry: entry("", calls: [call]), seed: 5))
        let message: JSONValue = ["role": "assistant", "content": .null, "tool_calls": [call]]
        #expect(json(.sft, record)["messages"]?.array?.last == message)
        #expect(
            json(.sharegpt, record)["conversations"]?.array?.last
                == ["from": "function_call", "value": #"[{"name":"f","arguments":"{}"}]"#])
    }

    @Test func `the worst answer that failed is rejected, else a lower one, never the same text`() throws {
        let recipe = try Recipe(
            text: "prompts: { template: x }\njudge: { instructions: q, labels: [a, b], name: j }", path: "/r",
            rubrics: [])
        let selector = Selector(recipe.select, judges: ["j"], verifiers: [])
        var dataset = Dataset(
            prompts: ["a", "b", "c"].map { Prompt(text: $0) },
            samples: [["1", "2", "3"], ["1", "1"], ["1", "2"]].map { $0.map { Sample(text: $0) } })
        for (position, score) in [0.9, 0.2, 0.5, 0.9, 0.1, 0.9, 0.3].enumerated() {
            dataset.setScore(score, of: "j", at: position)
        }
        dataset.drop(2, at: .verify, by: "v", because: "wrong")
        selector.select(&dataset)
        let plan = RecordPlan(dataset, .dpo, selector: selector)
        let expected = [RecordPlan.Pair(chosen: 0, rejected: 2), RecordPlan.Pair(chosen: 5, rejected: 6)]
        #expect(plan.pairs == expected)
        #expect(RecordPlan(dataset, .sft, selector: selector).pairs.map(\.chosen) == [0, 3, 5])
    }

    @Test(
        arguments: [
            ("llama3", "may not be used to improve"), ("Meta Llama 3 Community License", "may not be used to improve"),
            ("llama3.1", "Built with Llama"), ("Llama-3.3", "Built with Llama"), ("apache-2.0", nil),
            (nil, "licence is not known"),
        ] as [(String?, String?)])
    func `licences say what follows from them`(_ name: String?, _ expected: String?) {
        let warning = Licence(name).warning
        #expect(expected.map { warning?.contains($0) == true } ?? (warning == nil))
    }

    @Test(
        arguments: [
            ("Meta-Llama-3-8B-Instruct", "llama3"), ("Llama-3.2-1B-Instruct-Q8_0", "llama3.2"), ("drover-demo", nil),
        ] as [(String, String?)])
    func `a model's name may tell its licence`(_ model: String, _ licence: String?) {
        #expect(Licence.guess(model) == licence)
    }
}

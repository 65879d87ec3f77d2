import Curation
import JSON
import Testing

struct SelectorTests {
    private func selector(_ select: String) throws -> Selector {
        let recipe = try Recipe(
            text: """
                prompts: { template: x }
                verify: { schema: true, name: v }
                judge: { instructions: q, labels: [a, b], name: j }
                select: \(select)
                """, path: "/r", rubrics: [])
        return Selector(recipe.select, judges: ["j"], verifiers: ["v"])
    }

    /// Answers with these scores, by prompt.
    private func dataset(_ scores: [[Double]], texts: [String]? = nil) -> Dataset {
        let prompts = scores.indices.map { Prompt(text: "p\($0)", fields: ["kind": .string($0 % 2 == 0 ? "a" : "b")]) }
        var dataset = Dataset(
            prompts: prompts,
            samples: scores.enumerated().map { prompt, scores in
                scores.indices.map { Sample(text: texts?[prompt] ?? "answer \(prompt) \($0)") }
            })
        for (position, score) in scores.joined().enumerated() { dataset.setScore(score, of: "j", at: position) }
        return dataset
    }

    @Test func `takes the best of each prompt, of equals the first`() throws {
        var dataset = dataset([[0.1, 0.9, 0.9], [0.2], []])
        try selector("{ best: 1 }").select(&dataset)
        #expect(dataset.kept == [1, 3])
        #expect(
            dataset.entries[0].fate == .dropped(.select, by: "select", reason: "not among the best 1 of its prompt"))
    }

    @Test func `a score may be a verifier's or the model's own`() throws {
        var entry = Entry(prompt: 0, number: 0, sample: Sample(text: "x", meanLogprob: -0.5, tokens: 3))
        entry.scores = ["j": 0.25, "v": 0.75]
        #expect(try selector("{ score: judge }").score(of: entry) == 0.25)
        #expect(try selector("{ score: verifier }").score(of: entry) == 0.75)
        #expect(try selector("{ score: logprob }").score(of: entry) == -0.5)
    }

    @Test func `shares hold for the largest set that has enough of all`() throws {
        // Four easy prompts (every answer passes), two hard ones (one of four does).
        let scores = [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]].map {
            $0.map(Double.init)
        }
        var dataset = dataset(scores)
        for prompt in 4...5 {
            for answer in 1...3 { dataset.drop(prompt * 4 + answer, at: .verify, by: "v", because: "wrong") }
        }
        try selector("{ difficulty: { by: pass-rate, shares: { easy: 1, hard: 1 } } }").select(&dataset)
        #expect(dataset.kept == [0, 4, 16, 20])
    }

    @Test func `caps hold the total, a field and phrases`() throws {
        var total = dataset([[0.1], [0.3], [0.2]])
        try selector("{ total: 2 }").select(&total)
        #expect(total.kept == [1, 2])
        var field = dataset([[0.1], [0.3], [0.2], [0.4], [0.5]])
        try selector("{ field-cap: { field: kind, most: 1 } }").select(&field)
        #expect(field.kept == [3, 4])
        var phrases = dataset([[0.5], [0.4], [0.3], [0.2], [0.1]], texts: ["ah", "Delve x", "delve y", "b", "c"])
        try selector("{ phrases: { texts: [delve], max-share: 0.3 } }").select(&phrases)
        #expect(phrases.kept == [0, 1, 3, 4])
    }

    @Test func `pass rates follow the definition`() {
        var dataset = dataset([[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
        // Two, one and none of four are right; the first prompt's are its last two.
        for position in [0, 1, 5, 6, 7, 8, 9, 10, 11] { dataset.drop(position, at: .verify, by: "v", because: "wrong") }
        let rates = PassRates(dataset)
        #expect(rates.shares == [0.5, 0.25, 0])
        let (one, two): (Double, Double) = (1.0 / 3, 2.0 / 3)
        #expect((1...4).map(rates.solved) == [one, one, two, two])
        // C(2,2)/C(4,2) = 1/6 and C(3,2)/C(4,2) = 1/2 draws of two have none that is right.
        let expected = [0.25, (5.0 / 6 + 0.5) / 3, 2.0 / 3]
        for (k, chance) in zip([1, 2, 4], expected) { #expect(abs(rates.passAt(k) - chance) < 1e-12) }
    }
}

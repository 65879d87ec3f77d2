import Curation
import JSON
import Testing

struct RecipeTests {
    private func recipe(_ text: String) throws -> Recipe {
        try Recipe(text: text, path: "/recipes/sums.yaml", rubrics: ["code", "quality"])
    }

    /// The refusal of a recipe, without the file's name.
    private func problem(_ text: String) -> String {
        do {
            _ = try recipe(text)
            return "none"
        } catch {
            return "\(error)".replacing("/recipes/sums.yaml", with: "")
        }
    }

    private let prompts = "prompts: { template: 'What is {a}?', values: { a: [1, 2] } }\n"

    @Test func `has defaults for all but the prompts`() throws {
        let recipe = try recipe(prompts)
        #expect(recipe.name == "sums" && recipe.seed == 0)
        #expect(recipe.models.count == 1 && recipe.models[0].url == nil && recipe.models[0].path == nil)
        #expect(recipe.generate.samples == 1 && recipe.generate.topLogprobs == nil)
        #expect(recipe.generate.parameters == ["max_tokens": 512])
        #expect(recipe.dedup.exact && recipe.dedup.near == nil)
        #expect(recipe.select.score == .none && recipe.select.best == 1)
        #expect(recipe.export.format == .sft && !recipe.export.gzip)
    }

    @Test func `reads every section`() throws {
        let recipe = try recipe(
            prompts + """
                name: test
                seed: 7
                models:
                  writer: { url: "http://localhost:1/v1", model: big, key-variable: KEY, licence: llama3.1, price: { output: 2 } }
                  rater: { path: small.gguf }
                generate: { samples: 16, temperature: 0.7, top-p: 0.9, max-tokens: 64, stop: ["\\n"], extra: { ignore_eos: false } }
                verify: [{ command: [python3, nosuch.py] }, { url: "http://localhost:2", name: other }, { schema: true }]
                judge:
                  - { rubric: quality, model: rater, top: true }
                  - { instructions: "Is it good?", labels: ["no", "yes"], name: good, keep: 0.5 }
                rules: { length: { max-words: 9 }, language: { is: en }, repetition: {}, refusals: {}, tone: {}, phrases: {} }
                dedup: { scope: answer, lines: { max-count: 3 }, near: {}, semantic: { model: rater } }
                select: { score: logprob, best: 2, difficulty: { by: pass-rate, shares: { easy: 1, hard: 3 } }, total: 10 }
                export: { format: dpo, gzip: true, token-ids: true, top-logprobs: 5 }
                """)
        #expect(recipe.models.map(\.name) == ["writer", "rater"] && recipe.models[1].path == "/recipes/small.gguf")
        #expect(recipe.generate.model == "writer" && recipe.generate.topLogprobs == 5)
        #expect(recipe.generate.parameters["stop"] == ["\n"])
        #expect(recipe.generate.parameters["ignore_eos"] == false)
        #expect(recipe.verify.map(\.name) == ["nosuch", "other", "schema"])
        #expect(recipe.judge.map(\.name) == ["quality", "good"] && recipe.judge[1].keep == 0.5)
        #expect(recipe.rules.rules.map(\.name) == ["length", "language", "refusals", "tone", "phrases", "repetition"])
        #expect(recipe.select.difficulty?.shares == [.easy: 0.25, .hard: 0.75])
    }

    @Test(arguments: [
        ("generate: { sample: 3 }", ":2: 'generate.sample' is not known; did you mean 'samples'? Allowed here: "),
        ("generate:\n  samples: many", ":3: 'generate.samples' must be a whole number from 1 to 128, not 'many'"),
        ("generate:\n  temperature: 3", ":3: 'generate.temperature' must be a number from 0.0 to 2.0, not '3'"),
        ("generate: 3", ":2: 'generate' must be a mapping of keys to values"),
        ("generate: { extra: { n: 3 } }", ":2: 'generate.extra' must not set 'n', which the recipe decides elsewhere"),
        ("export: { format: stf }", ":2: 'export.format' must be one of sft, dpo, alpaca, sharegpt, not 'stf'"),
        ("export: { gzip: maybe }", ":2: 'export.gzip' must be true or false, not 'maybe'"),
        ("verify: {}", ":2: 'verify' needs one of 'command', 'url' and 'schema'"),
        ("verify: [{ schema: true }, { schema: true }]", ":2: 'verify[1].name' is that of two verifiers: 'schema'"),
        (
            "judge: { rubric: qualty }",
            "'judge.rubric' must be one of code, quality, not 'qualty'; did you mean 'quality'?"
        ),
        ("judge: { instructions: Good?, labels: [a] }", "'judge.labels' must be 2 to 16 different texts, worst first"),
        ("judge: { rubric: code, model: x }", "'judge.model' must be one of bundled, not 'x'"),
        ("rules: { language: {} }", "'rules.language.is' is required"),
        ("rules: { lenght: {} }", "'rules.lenght' is not known; did you mean 'length'?"),
        ("select: { score: judge }", "'select.score' cannot be judge: the recipe has no judge"),
        ("select: { difficulty: { by: pass-rate } }", "'select.difficulty.by' needs a judge or a verifier"),
        ("models: { a: { url: x, path: y } }", "'models.a.path' cannot stand beside 'url'"),
        ("models: { a: { path: y, key-variable: K } }", "'models.a.key-variable' is for a model with a 'url'"),
        ("seed: -1", ":2: 'seed' must be a whole number from 0"),
        ("sede: 1", "'sede' is not known; did you mean 'seed'?"),
        ("a: [", "is not YAML"),
    ])
    func `says what is wrong, where, and what is allowed`(_ text: String, _ expected: String) {
        #expect(problem(prompts + text).contains(expected), "\(problem(prompts + text))")
    }

    @Test(arguments: [
        ("", ": is empty"), ("seed: 1", "'prompts' is required: where prompts come from"),
        ("prompts: {}", "'prompts' needs one of 'file', 'template' and 'seeds'"),
        ("prompts: { template: x, file: y }", "needs one of 'file', 'template' and 'seeds'"),
        ("prompts: { template: x, values: { a: [1] } }", "'prompts.values.a' does not stand in the template as {a}"),
        ("prompts: { template: '{a}', values: { a: [] } }", "'prompts.values.a' must be a list of texts or numbers"),
        ("prompts: { template: '{a}', values: { a: { from: 3, to: 1 } } }", "must be from 'from' upwards"),
        ("prompts: { template: x, tools: 3 }", "'prompts.tools' must be a list of tools"),
        ("prompts: { template: x, tools: nosuch.json }", "nosuch.json: is no JSON file"),
        ("prompts: { template: x, each: 3 }", "'prompts.each' is not known"),
    ])
    func `says what is wrong with the prompts`(_ text: String, _ expected: String) {
        #expect(problem(text).contains(expected), "\(problem(text))")
    }

    @Test func `finds only changes that matter`() throws {
        let plain = try recipe(prompts + "generate: { samples: 4, temperature: 1 }").generate
        let other = try recipe(prompts + "generate:\n  temperature: 1.0  # hot\n  samples: 4\n  concurrency: 3")
            .generate
        #expect(plain.digest == other.digest)
        #expect(try recipe(prompts + "generate: { samples: 5, temperature: 1 }").generate.digest != plain.digest)
    }
}

import Curation
import Foundation
import JSON
import Verifiers

/// What a run would do, what it would cost and how long it would take, as far as a few prompts can tell.
struct CurationPlan: Sendable {
    private let run: CurationRun

    private var recipe: Recipe { run.recipe }

    /// Prompts that are tried.
    private static let probes = 4

    init(_ run: CurationRun) { self.run = run }

    /// A prompt source with `seeds` counts as many prompts as it asks for; nothing of the plan waits for them.
    private func prompts() throws -> (known: [Prompt], expected: Int) {
        var list = PromptList()
        var written = 0
        for source in recipe.sources {
            let prompts = try source.prompts(seed: recipe.seed)
            list.append(prompts)
            if case .seeds(_, let each) = source.kind { written += prompts.count * (each - 1) }
        }
        return (list.prompts, list.prompts.count + written)
    }

    func text() async throws -> String {
        let (known, expected) = try prompts()
        let missing = try run.generate.missing(known)
        let left = expected - (known.count - missing.count)
        let trial = try await Trial(run, missing.isEmpty ? known : missing, count: Self.probes)
        let answers = expected * recipe.generate.samples
        var rows: [(String, String)] = [
            ("recipe", "\(recipe.name), seed \(recipe.seed)"), ("prompts", "\(expected)"),
            (
                "generate",
                "\(trial.model): \(left) of \(expected) requests to go, \(recipe.generate.samples) answers each"
            ),
        ]
        rows += recipe.verify.map { ("verify", "\($0.name): up to \(answers) answers") }
        rows += recipe.judge.map { ("judge", "\($0.name), by \($0.model): up to \(answers) answers") }
        if !recipe.rules.rules.isEmpty {
            rows.append(("rules", recipe.rules.rules.map(\.name).joined(separator: ", ")))
        }
        rows.append(("dedup", dedup))
        rows.append(("select", "best \(recipe.select.best) of a prompt by \(recipe.select.score.rawValue)"))
        rows.append(("export", "\(recipe.export.format.rawValue) to \(run.files.output)"))
        rows += estimates(trial, requests: left)
        if let warning = run.identity.licence.warning { rows.append(("note", warning)) }
        return rows.map { $0.padding(toLength: 10, withPad: " ", startingAt: 0) + $1 }.joined(separator: "\n")
    }

    private var dedup: String {
        var ways = recipe.dedup.exact ? ["exact"] : []
        if let lines = recipe.dedup.lines { ways.append("lines that stand in more than \(lines.maxCount) answers") }
        if let near = recipe.dedup.near { ways.append("\(near.words)-grams from Jaccard \(near.threshold)") }
        if let semantic = recipe.dedup.semantic {
            ways.append(
                "embeddings from cosine \(semantic.threshold), of \(SemanticDuplicates.limit) texts at most")
        }
        return ways.isEmpty ? "nothing" : ways.joined(separator: ", ")
    }

    private func estimates(_ trial: Trial, requests: Int) -> [(String, String)] {
        let (input, output) = (trial.promptTokens * Double(requests), trial.completionTokens * Double(requests))
        // A server may claim any number of tokens; more than an Int holds must not end the process.
        let (inText, outText) = (String(format: "%.0f", input), String(format: "%.0f", output))
        var rows = [("tokens", "about \(inText) in, \(outText) out, as \(trial.count) prompts had")]
        if let model = recipe.model(recipe.generate.model), model.inputPrice != nil || model.outputPrice != nil {
            let cost = (input * (model.inputPrice ?? 0) + output * (model.outputPrice ?? 0)) / 1_000_000
            rows.append(("cost", "about \((cost * 100).rounded() / 100) for generating"))
        }
        rows.append(("time", "about \(ProgressLine.time(trial.seconds * Double(requests)))"))
        return rows
    }
}

/// A few prompts, answered and checked: what each costs.
private struct Trial {
    private(set) var model = ""
    private(set) var promptTokens = 0.0
    private(set) var completionTokens = 0.0
    /// For one prompt, with all of its answers checked.
    private(set) var seconds = 0.0
    let count: Int

    init(_ run: CurationRun, _ prompts: [Prompt], count: Int) async throws {
        let prompts = Array(prompts.prefix(count))
        self.count = prompts.count
        guard !prompts.isEmpty else { return }
        let start = ContinuousClock.now
        var samples = [[Sample]](repeating: [], count: prompts.count)
        try await withThrowingTaskGroup(of: (Int, SampleReader).self) { group in
            for (index, prompt) in prompts.enumerated() {
                group.addTask { (index, try await run.generate.answer(prompt)) }
            }
            for try await (index, answer) in group {
                model = answer.model ?? ""
                promptTokens += Double(answer.promptTokens) / Double(prompts.count)
                completionTokens += Double(answer.completionTokens) / Double(prompts.count)
                samples[index] = answer.samples
            }
        }
        var dataset = Dataset(prompts: prompts, samples: samples)
        try await run.verify(&dataset)
        try await run.judge(&dataset)
        seconds = (ContinuousClock.now - start) / .seconds(1) / Double(prompts.count)
    }
}

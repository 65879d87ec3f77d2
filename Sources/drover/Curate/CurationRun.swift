import Curation
import Foundation
import JSON
import Verifiers

/// One run of a recipe, from its prompts to the exported set. What an earlier run has done is not done again.
struct CurationRun: Sendable {
    let recipe: Recipe
    let files: CurationFiles
    let models: CurationModels
    let store: WorkStore
    let identity: ModelIdentity
    let generate: GenerateStage
    let selector: Selector

    /// Verifiers at the same time.
    private static let verifiersAtOnce = ProcessInfo.processInfo.activeProcessorCount

    init(_ recipe: Recipe, files: CurationFiles, models: CurationModels, store: WorkStore) throws {
        self.recipe = recipe
        self.files = files
        self.models = models
        self.store = store
        identity = try Self.identity(of: recipe.generate.model, recipe)
        generate = GenerateStage(
            recipe, server: try models[recipe.generate.model], identity: identity.digest, store: store)
        selector = Selector(
            recipe.select, judges: recipe.judge.filter(\.readsAnswer).map(\.name),
            verifiers: recipe.verify.map(\.name))
    }

    static func identity(of name: String, _ recipe: Recipe) throws -> ModelIdentity {
        guard let settings = recipe.model(name) else {
            throw ModelServerError(server: name, problem: "is not among the recipe's models")
        }
        return try ModelIdentity(settings)
    }

    /// Returns what there is to say at the end.
    func run() async throws -> CurationSummary {
        let list = try await prompts()
        var dataset = Dataset(prompts: list.prompts, samples: try await generate.run(list.prompts))
        dataset.dropEmpty()
        try await verify(&dataset)
        try await judge(&dataset)
        dataset.apply(recipe.rules)
        try await DedupStage(run: self).drop(from: &dataset)
        selector.select(&dataset)
        try saveFates(dataset)
        return try await export(dataset, list)
    }

    private func prompts() async throws -> PromptList {
        var list = PromptList()
        for source in recipe.sources {
            let prompts = try source.prompts(seed: recipe.seed)
            if case .seeds(_, let each) = source.kind {
                list.append(try await SeedStage(generate: generate).run(prompts, each: each, source: source))
            } else {
                list.append(prompts)
            }
        }
        return list
    }

    /// Of each answer, by its position: what it says to what. Of equal answers to a prompt one is verified and judged.
    private func keys(_ dataset: Dataset) -> [ContentHash] {
        dataset.entries.map {
            dataset.prompts[$0.prompt].key.with(Array($0.sample.text.utf8), Array($0.sample.content.utf8))
        }
    }

    func verify(_ dataset: inout Dataset) async throws {
        let keys = keys(dataset)
        let roster = try VerifySettings.roster(recipe.verify, limit: Self.verifiersAtOnce)
        for settings in recipe.verify {
            let stage = try VerifyStage(settings, roster, store: store, retries: recipe.generate.retries)
            try await stage.run(&dataset, keys: keys, atOnce: Self.verifiersAtOnce)
        }
    }

    func judge(_ dataset: inout Dataset) async throws {
        let keys = keys(dataset)
        for settings in recipe.judge {
            let stage = try JudgeStage(
                settings, server: try models[settings.model],
                identity: try Self.identity(of: settings.model, recipe).digest, store: store)
            try await stage.run(&dataset, keys: keys, atOnce: recipe.generate.concurrency)
        }
    }

    /// For whoever wants to know about one answer: what became of each.
    private func saveFates(_ dataset: Dataset) throws {
        try store.save(
            dataset.entries.map { entry in
                let key = generate.key(of: dataset.prompts[entry.prompt]).with(entry.number)
                var object: JSONObject = [
                    "prompt": .integer(Int64(entry.prompt)), "sample": .integer(Int64(entry.number)),
                ]
                if case .dropped(let stage, let name, let reason) = entry.fate {
                    object["stage"] = .string(stage.rawValue)
                    object["by"] = .string(name)
                    object["reason"] = .string(reason)
                }
                return WorkStore.Row(.fates, key, JSONValue.object(object).serialized)
            })
    }

    private func export(_ dataset: Dataset, _ list: PromptList) async throws -> CurationSummary {
        var sampler = recipe.generate.parameters
        sampler["n"] = .integer(Int64(recipe.generate.samples))
        let provenance = Provenance(
            model: try generate.modelName(list.prompts) ?? recipe.generate.model, sha256: identity.sha256,
            fingerprint: try generate.fingerprint(), licence: identity.licence, sampler: sampler, recipe: recipe.name)
        let stage = ExportStage(settings: recipe.export, generate: generate, provenance: provenance)
        let records = try await stage.run(dataset, selector: selector, to: files.output)
        let report = Report(
            dataset: dataset, provenance: provenance, recipe: recipe.text, verifiers: recipe.verify.map(\.name),
            judges: recipe.judge.map(\.name), records: records, repeatedPrompts: list.repeated)
        try SetWriter.write(report.html, to: files.report)
        return CurationSummary(dataset: dataset, records: records, files: files, licence: identity.licence)
    }
}

/// What a run says at its end.
struct CurationSummary: Sendable {
    let dataset: Dataset
    let records: Int
    let files: CurationFiles
    let licence: Licence

    var text: String {
        let (prompts, answers) = (dataset.prompts.count, dataset.entries.count)
        let counts = Stage.allCases.map { "\($0.rawValue) \(dataset.count(behind: $0))" }.joined(separator: ", ")
        var lines = ["\(prompts) prompts, \(answers) answers; left behind each stage: \(counts)"]
        lines.append("\(records) records in \(files.output), report in \(files.report)")
        if let warning = licence.warning { lines.append("note: \(warning)") }
        return lines.joined(separator: "\n")
    }
}

import ArgumentParser
import Curation
import Foundation
import OpenAI

/// Makes a set of training data by a recipe.
struct CurateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "curate",
        abstract: "Make a set of training data: generate, verify, judge, filter, deduplicate, select, export.",
        discussion: """
            The recipe is a YAML file; README.md tells what may stand in it, deploy/recipes has examples. Beside the set \
            come a report (.report.html) and a folder (.work) with what each stage has done: a run that was ended, even \
            by kill -9, goes on where it was and writes the same bytes, and after a change of the recipe only that is \
            done again which depends on it. dedup.semantic compares each answer with each other and refuses more than \
            \(SemanticDuplicates.limit) of them.
            """)

    @Argument(help: "The recipe.")
    var recipe: String
    @Option(help: "Where the set goes. (default: the recipe's 'output', or its name with .jsonl)")
    var output: String?
    @Flag(help: "Print the plan with costs and time, measured on a few prompts, and write nothing.")
    var dryRun = false
    @Flag(help: "Begin anew: forget what earlier runs have done.")
    var fresh = false

    func validate() throws {
        guard !dryRun || !fresh else { throw ValidationError("A dry run forgets nothing: leave --fresh out.") }
    }

    func run() async throws {
        let recipe = try Recipe(path: recipe, rubrics: JudgeRubric.presets.map(\.name))
        let files = CurationFiles(recipe, output: output)
        let folder = try WorkFolder(files.work, isTemporary: dryRun)
        defer { folder.close() }
        let store = try WorkStore(folder: folder.path)
        if fresh { try store.clear() }
        try await CurationModels.run(recipe) { models in
            let run = try CurationRun(recipe, files: files, models: models, store: store)
            Terminal.output(dryRun ? try await CurationPlan(run).text() : try await run.run().text)
            Terminal.output("\n")
        }
    }
}

/// The folder with what stages have done. A dry run works on a copy.
private struct WorkFolder {
    let path: String
    private let isTemporary: Bool

    init(_ path: String, isTemporary: Bool) throws {
        self.isTemporary = isTemporary
        guard isTemporary else {
            self.path = path
            return
        }
        let files = FileManager.default
        self.path = files.temporaryDirectory.appending(path: "drover-plan-\(UUID().uuidString)").path
        if files.fileExists(atPath: path) { try files.copyItem(atPath: path, toPath: self.path) }
    }

    func close() {
        if isTemporary { try? FileManager.default.removeItem(atPath: path) }
    }
}

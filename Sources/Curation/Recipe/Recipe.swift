import Foundation
import Yams

/// How a set of training data is made: a YAML file that was read and checked.
package struct Recipe: Sendable {
    package let name: String
    /// As it was written.
    package let text: String
    package let seed: UInt64
    package let output: String?
    package let models: [ModelSettings]
    package let sources: [PromptSource]
    package let generate: GenerateSettings
    package let verify: [VerifySettings]
    package let judge: [JudgeSettings]
    package let rules: RuleBook
    package let dedup: DedupSettings
    package let select: SelectSettings
    package let export: ExportSettings

    /// - Parameter rubrics: the names of the rubrics that judges may take.
    package init(path: String, rubrics: [String]) throws(RecipeError) {
        guard let text = String(validating: try InputFile.read(path), as: UTF8.self) else {
            throw RecipeError(file: path, problem: "is not UTF-8 text")
        }
        try self.init(text: text, path: path, rubrics: rubrics)
    }

    /// - Parameter path: where the text comes from: files in it are seen from there.
    package init(text: String, path: String, rubrics: [String]) throws(RecipeError) {
        let folder = URL(filePath: path).deletingLastPathComponent().path
        var reader = try RecipeReader(try Self.root(of: text, path: path), file: path, path: "")
        self.text = text
        name = try reader.string("name") ?? URL(filePath: path).deletingPathExtension().lastPathComponent
        seed = UInt64(try reader.integer("seed", in: 0...Int.max) ?? 0)
        output = try reader.string("output")
        let models = try Self.models(&reader, folder: folder)
        self.models = models
        sources = try Self.sources(&reader, folder: folder)
        export = try reader.part("export") { section throws(RecipeError) in try ExportSettings(&section) }
        var generate = try reader.part("generate") { section throws(RecipeError) in
            try GenerateSettings(&section, models: models)
        }
        verify = try Self.verify(&reader, folder: folder)
        judge = try Self.judges(&reader, models, rubrics, verifiers: verify.map(\.name))
        rules = try reader.part("rules") { section throws(RecipeError) in try RuleBook(&section) }
        dedup = try reader.part("dedup") { section throws(RecipeError) in try DedupSettings(&section, models: models) }
        let (judges, verifies) = (judge.map(\.name), !verify.isEmpty)
        select = try reader.part("select") { section throws(RecipeError) in
            try SelectSettings(&section, judges: judges, verifies: verifies)
        }
        generate.topLogprobs = export.topLogprobs ?? (export.tokenIDs || select.score == .logprob ? 0 : nil)
        self.generate = generate
        try reader.finish()
    }

    private static func root(of text: String, path: String) throws(RecipeError) -> Node {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw RecipeError(file: path, line: line(of: error), problem: "is not YAML: \(problem(of: error))")
        }
        guard let root else { throw RecipeError(file: path, problem: "is empty") }
        return root
    }

    private static func line(of error: any Error) -> Int? {
        switch error as? YamlError {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        default: nil
        }
    }

    private static func problem(of error: any Error) -> String {
        switch error as? YamlError {
        case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _): problem
        default: "\(error)"
        }
    }

    private static func models(_ reader: inout RecipeReader, folder: String) throws(RecipeError) -> [ModelSettings] {
        var models: [ModelSettings] = []
        for (name, section) in try reader.named("models") {
            var section = section
            models.append(try ModelSettings(name: name, &section, folder: folder))
        }
        return models.isEmpty ? [.bundled] : models
    }

    private static func sources(_ reader: inout RecipeReader, folder: String) throws(RecipeError) -> [PromptSource] {
        var sources: [PromptSource] = []
        for section in try reader.sections("prompts") {
            var section = section
            sources.append(try PromptSource(&section, folder: folder))
        }
        guard !sources.isEmpty else { throw reader.error("prompts", "is required: where prompts come from") }
        return sources
    }

    private static func verify(_ reader: inout RecipeReader, folder: String) throws(RecipeError) -> [VerifySettings] {
        var verifiers: [VerifySettings] = []
        for section in try reader.sections("verify") {
            var section = section
            let verifier = try VerifySettings(&section, folder: folder)
            guard !verifiers.contains(where: { $0.name == verifier.name }) else {
                throw section.error("name", "is that of two verifiers: '\(verifier.name)'")
            }
            verifiers.append(verifier)
        }
        return verifiers
    }

    private static func judges(
        _ reader: inout RecipeReader, _ models: [ModelSettings], _ rubrics: [String], verifiers: [String]
    ) throws(RecipeError) -> [JudgeSettings] {
        var judges: [JudgeSettings] = []
        for section in try reader.sections("judge") {
            var section = section
            let judge = try JudgeSettings(&section, models: models, presets: rubrics)
            guard !(judges.map(\.name) + verifiers).contains(judge.name) else {
                throw section.error("name", "is that of another judge or verifier: '\(judge.name)'")
            }
            judges.append(judge)
        }
        return judges
    }
}

extension RecipeReader {
    /// A section that may be missing, which is as if it were empty.
    fileprivate mutating func part<Part>(
        _ key: String, _ read: (inout RecipeReader) throws(RecipeError) -> Part
    ) throws(RecipeError) -> Part {
        if var section = try section(key) { return try read(&section) }
        var empty = try RecipeReader(Node.mapping(Node.Mapping([])), file: file, path: key)
        return try read(&empty)
    }
}

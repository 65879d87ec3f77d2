package import JSON

/// Where prompts come from.
package struct PromptSource: Sendable {
    package enum Kind: Sendable {
        /// A file of JSON lines, each with `prompt` or `messages`.
        case lines(path: String)
        /// A text with `{names}`, once for each combination of their values.
        case matrix(PromptMatrix)
        /// The generator writes prompts, asked with a text that has each combination of values in turn.
        case seeds(PromptMatrix, each: Int)
    }

    package let kind: Kind
    package let system: String?
    package let tools: JSONValue?
    /// What verifiers hold an answer against, with `{names}`; nil to give them all values.
    package let reference: JSONValue?
    /// Most prompts from here; drawn with the recipe's seed where there are more.
    package let limit: Int?
}

extension PromptSource {
    init(_ reader: inout RecipeReader, folder: String) throws(RecipeError) {
        let kinds = ["file", "template", "seeds"]
        var given: [String] = []
        for kind in kinds where reader.has(kind) { given.append(kind) }
        guard given.count == 1 else { throw reader.error("needs one of 'file', 'template' and 'seeds'") }
        if let path = try reader.string("file") {
            kind = .lines(path: FilePath.resolve(path, in: folder))
        } else if let template = try reader.string("template") {
            kind = .matrix(try PromptMatrix(template, &reader, key: "template", folder: folder))
        } else {
            let template = try reader.string("seeds") ?? ""
            let matrix = try PromptMatrix(template, &reader, key: "seeds", folder: folder)
            kind = .seeds(matrix, each: try reader.integer("each", in: 1...128) ?? 1)
        }
        system = try reader.string("system")
        tools = try Self.tools(&reader, folder: folder)
        reference = try reader.json("reference")
        if reference != nil, case .lines = kind {
            throw reader.error("reference", "stands on each line of a file, not beside it")
        }
        limit = try reader.integer("limit", in: 1...PromptMatrix.limit)
        try reader.finish()
    }

    /// A list of tools as OpenAI's API has it, or the name of a JSON file with one.
    private static func tools(_ reader: inout RecipeReader, folder: String) throws(RecipeError) -> JSONValue? {
        guard var value = try reader.json("tools") else { return nil }
        if let path = value.string {
            let path = FilePath.resolve(path, in: folder)
            do {
                value = try JSONValue(parsing: InputFile.read(path))
            } catch {
                throw RecipeError(file: path, problem: "is no JSON file: \(error)")
            }
        }
        guard let list = value.array, !list.isEmpty, list.allSatisfy({ $0.object != nil }) else {
            throw reader.error("tools", "must be a list of tools, or a JSON file with one")
        }
        return value
    }
}

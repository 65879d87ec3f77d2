import JSON

/// The prompts of a recipe, in its order, each of them once.
package struct PromptList: Sendable {
    package private(set) var prompts: [Prompt] = []
    /// How many were there already.
    package private(set) var repeated = 0
    private var keys: Set<ContentHash> = []

    package init() {}

    package mutating func append(_ more: [Prompt]) {
        for prompt in more {
            if keys.insert(prompt.key).inserted { prompts.append(prompt) } else { repeated += 1 }
        }
    }
}

extension PromptSource {
    /// What the source holds. Of `seeds` these are the questions that ask the generator for prompts.
    /// - Parameter seed: draws those that count, where there are more than `limit`.
    package func prompts(seed: UInt64) throws(RecipeError) -> [Prompt] {
        switch kind {
        case .lines(let path):
            let all = try PromptFile.read(path, self)
            return Draw.indices(of: all.count, limit: limit, seed: seed).map { all[$0] }
        case .matrix(let matrix), .seeds(let matrix, _):
            return Draw.indices(of: matrix.count, limit: limit, seed: seed).map { index in
                var fields = matrix.fields(at: index)
                let values = fields
                fields["reference"] = reference.map { PromptMatrix.fill($0, values) }
                return Prompt(
                    text: PromptMatrix.fill(matrix.template, fields),
                    system: system.map { PromptMatrix.fill($0, fields) }, tools: tools, fields: fields)
            }
        }
    }
}

/// What is wrong with a recipe, or with a file that it names, and where.
package struct RecipeError: Error, Equatable, CustomStringConvertible {
    package let file: String
    /// Counted from 1; nil where the whole file is meant.
    package let line: Int?
    package let problem: String

    package init(file: String, line: Int? = nil, problem: String) {
        self.file = file
        self.line = line
        self.problem = problem
    }

    package var description: String { "\(file)\(line.map { ":\($0)" } ?? ""): \(problem)" }
}

import Foundation

/// Reads the files that a recipe names.
package enum InputFile {
    /// More than any list of prompts that fits into memory beside its answers.
    private static let limit = 1 << 30

    package static func read(_ path: String) throws(RecipeError) -> [UInt8] {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
        } catch {
            throw RecipeError(file: path, problem: "cannot be read: \(error.localizedDescription)")
        }
        guard data.count <= limit else {
            throw RecipeError(file: path, problem: "has \(data.count) bytes, at most \(limit) are read")
        }
        return [UInt8](data)
    }

    /// The lines of a text file that are not blank.
    static func lines(_ path: String) throws(RecipeError) -> [String] {
        guard let text = String(validating: try read(path), as: UTF8.self) else {
            throw RecipeError(file: path, problem: "is not UTF-8 text")
        }
        return text.split(whereSeparator: \.isNewline).map(String.init).filter { line in
            !line.allSatisfy(\.isWhitespace)
        }
    }
}

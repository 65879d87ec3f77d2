import Curation

/// Where a run writes.
struct CurationFiles: Sendable {
    let output: String
    let report: String
    /// The folder with what the stages have done.
    let work: String

    /// - Parameter output: in place of the recipe's own.
    init(_ recipe: Recipe, output: String?) {
        let path = output ?? recipe.output ?? recipe.name + ".jsonl" + (recipe.export.gzip ? ".gz" : "")
        let endings = [".jsonl.gz", ".jsonl", ".json", ".gz"]
        let stem = endings.first(where: path.hasSuffix).map { String(path.dropLast($0.count)) } ?? path
        self.output = path
        report = stem + ".report.html"
        work = stem + ".work"
    }
}

/// A model that rates answers by the labels of a rubric.
package struct JudgeSettings: Sendable, Encodable {
    package enum Rubric: Sendable, Encodable {
        case preset(String)
        /// What the judge is told, and the labels that it may give, worst first.
        case own(instructions: String, labels: [String], readsAnswer: Bool)
    }

    package let name: String
    package let rubric: Rubric
    /// The recipe's name of the model.
    package let model: String
    /// The least score, from 0 to 1, with which an answer stays.
    package let keep: Double?
    /// Only answers whose likeliest label is the best one stay.
    package let top: Bool

    private static let labelsLimit = 16
}

extension JudgeSettings {
    /// - Parameter presets: the names of the rubrics that there are.
    init(_ reader: inout RecipeReader, models: [ModelSettings], presets: [String]) throws(RecipeError) {
        let standard: String
        if let preset = try reader.string("rubric") {
            guard presets.contains(preset) else {
                let guess = Spelling.nearest(to: preset, among: presets).map { "; did you mean '\($0)'?" } ?? ""
                throw reader.error(
                    "rubric", "must be one of \(presets.joined(separator: ", ")), not '\(preset)'\(guess)")
            }
            (rubric, standard) = (.preset(preset), preset)
        } else {
            guard let instructions = try reader.string("instructions") else {
                throw reader.error("needs 'rubric', or 'instructions' and 'labels'")
            }
            rubric = .own(
                instructions: instructions, labels: try Self.labels(&reader),
                readsAnswer: try reader.flag("reads-answer") ?? true)
            standard = "judge"
        }
        name = try reader.string("name") ?? standard
        model = try reader.model(among: models)
        keep = try reader.number("keep", in: 0...1)
        top = try reader.flag("top") ?? false
        try reader.finish()
    }

    private static func labels(_ reader: inout RecipeReader) throws(RecipeError) -> [String] {
        let labels = try reader.strings("labels") ?? []
        guard (2...labelsLimit).contains(labels.count), Set(labels).count == labels.count, !labels.contains("") else {
            throw reader.error("labels", "must be 2 to \(labelsLimit) different texts, worst first")
        }
        return labels
    }
}

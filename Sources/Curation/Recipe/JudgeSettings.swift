/// A model that rates answers by the labels of a rubric.
package struct JudgeSettings: Sendable, Encodable {
    package enum Rubric: Sendable, Encodable {
        case preset(String)
        /// A question about `{prompt}` and `{answer}`, and labels with what each is worth, from 0 to 1.
        case own(question: String, labels: [Label])
    }

    package struct Label: Sendable, Encodable {
        package let text: String
        package let value: Double
    }

    package let name: String
    package let rubric: Rubric
    /// The recipe's name of the model.
    package let model: String
    /// The least score, from 0 to 1, with which an answer stays.
    package let keep: Double?
    /// Only answers whose likeliest label is the best one stay.
    package let top: Bool
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
            guard let question = try reader.string("question") else {
                throw reader.error("needs 'rubric', or 'question' and 'labels'")
            }
            (rubric, standard) = (.own(question: question, labels: try Self.labels(&reader)), "judge")
        }
        name = try reader.string("name") ?? standard
        model = try reader.model(among: models)
        keep = try reader.number("keep", in: 0...1)
        top = try reader.flag("top") ?? false
        try reader.finish()
    }

    private static func labels(_ reader: inout RecipeReader) throws(RecipeError) -> [Label] {
        var labels: [Label] = []
        if var section = try reader.section("labels") {
            for text in try reader.names("labels") {
                guard let value = try section.number(text, in: 0...1) else { continue }
                labels.append(Label(text: text, value: value))
            }
        }
        guard (2...128).contains(labels.count) else {
            throw reader.error("labels", "must be 2 to 128 labels with values")
        }
        return labels
    }
}

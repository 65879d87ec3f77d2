import JSON

/// What a judge is asked about an answer, and the labels that it may give, worst first.
package struct JudgeRubric: Sendable, Equatable {
    /// Of a preset, else `custom`.
    package let name: String
    package let instructions: String
    package let labels: [String]
    /// The judge sees the answer; for questions about the prompt alone it does not.
    package let readsAnswer: Bool

    package static let labelsLimit = 16
    package static let instructionsBytesLimit = 8192

    /// - Parameter labels: two or more, worst first.
    package init(name: String, instructions: String, labels: [String], readsAnswer: Bool = true) {
        self.name = name
        self.instructions = instructions
        self.labels = labels
        self.readsAnswer = readsAnswer
    }

    /// The rubrics of the Llama 3 paper, section 4.2.3: its scales and criteria, in our words.
    package static let presets = [
        JudgeRubric(
            name: "quality",
            instructions: """
                Rate the answer on a scale of three points. Look at its accuracy, at whether it follows the \
                instructions, and at its tone and presentation.
                1: wrong, or not what was asked for. 2: right in the main, with faults in one of the three. \
                3: accurate, follows all instructions, well presented.
                """, labels: ["1", "2", "3"]),
        JudgeRubric(
            name: "code",
            instructions: """
                Rate the code in the answer on a scale of two points. Look for bugs, and at whether it does what the \
                user intends.
                1: it has a bug, or does something else. 2: it is free of bugs and does what the user intends.
                """, labels: ["1", "2"]),
        JudgeRubric(
            name: "difficulty",
            instructions: """
                Rate how difficult the request is on a scale of three points.
                1: easy, one step or common knowledge. 2: medium, several steps or special knowledge. \
                3: hard, many steps that depend on each other, or an expert's knowledge.
                """, labels: ["1", "2", "3"], readsAnswer: false),
    ]

    /// `rubric`: the name of a preset, or `{"instructions": …, "labels": […]}`.
    init(_ reader: inout FieldReader) throws(APIError) {
        let name = reader.name("rubric")
        let presetNames = Self.presets.map(\.name).joined(separator: ", ")
        guard let value = reader.value("rubric") else {
            throw .invalid(
                name, "'\(name)' is required: \(presetNames), or an object with 'instructions' and 'labels'.")
        }
        guard let word = value.string else {
            var inner = try FieldReader(value, path: name)
            self = try Self.custom(&inner)
            try inner.finish()
            return
        }
        guard let preset = Self.presets.first(where: { $0.name == word }) else {
            throw .invalid(name, "'\(name)' must be \(presetNames) or an object, got '\(word.prefix(40))'.")
        }
        self = preset
    }

    private static func custom(_ reader: inout FieldReader) throws(APIError) -> JudgeRubric {
        let place = reader.name("instructions")
        guard let text = try reader.string("instructions"), (1...instructionsBytesLimit).contains(text.utf8.count)
        else {
            throw .invalid(place, "'\(place)' must have 1 to \(instructionsBytesLimit) bytes.")
        }
        let labels = (try reader.array("labels") ?? []).compactMap(\.string).filter { (1...64).contains($0.utf8.count) }
        let count = try reader.array("labels")?.count ?? 0
        guard (2...labelsLimit).contains(count), labels.count == count, Set(labels).count == count else {
            let place = reader.name("labels")
            throw .invalid(
                place, "'\(place)' must be 2 to \(labelsLimit) different strings of 1 to 64 bytes, worst first.")
        }
        let readsAnswer = try reader.bool("reads_answer") ?? true
        return JudgeRubric(name: "custom", instructions: text, labels: labels, readsAnswer: readsAnswer)
    }

    /// What a judge is asked. What is the same for all answers to a request comes first, so that it is computed once.
    /// - Parameter answer: left out where the rubric does not read it.
    package func question(request: String, answer: String) -> String {
        var parts = [instructions, "[Request]\n" + request]
        if readsAnswer { parts.append("[Answer]\n" + answer) }
        parts.append("[Rating]\nReply with one of these and nothing else: \(labels.joined(separator: ", ")).")
        return parts.joined(separator: "\n\n")
    }

    /// From 0 for the worst label to 1 for the best.
    package func value(of label: Int) -> Double { Double(label) / Double(labels.count - 1) }
}

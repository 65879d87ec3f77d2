extension Checkpoint {
    /// Slack behind the last tensor that is worth a word: more than a page.
    private static let quietSlack = 4_096

    init(gguf parts: GGUFParts) throws(CheckpointError) {
        let model = GGUFModel(parts: parts)
        let tokenizer = GGUFTokenizerReader(metadata: parts.metadata)
        try model.refuseOthers()
        let text = try tokenizer.textAssets()
        let configuration = try model.configuration(vocabulary: text.tokens.count)
        let table = try TensorTable(
            entries: parts.files.flatMap(\.tensors), naming: .gguf, model: configuration, file: parts.name)
        var warnings = table.unused.map { "\(parts.name): tensor \($0) is not used" }
        for file in parts.files where file.slack > Self.quietSlack {
            warnings.append("\(file.source.name): \(file.slack) bytes behind the last tensor")
        }
        let defaults = try tokenizer.generationDefaults(text)
        if defaults.endIDs.isEmpty { warnings.append("\(parts.name): names no token that ends an answer") }
        self.init(
            configuration: configuration, name: try parts.metadata.string("general.name") ?? ModelName(parts.name).text,
            text: .gguf(text), generationDefaults: defaults, warnings: warnings, fileCount: parts.files.count,
            metadata: parts.metadata.entries.map { Detail(key: $0.key, value: $0.value.summary) },
            tensors: table.tensors)
    }
}

import JSON

extension Checkpoint {
    private enum Limit {
        static let configuration = 4 << 20
        static let tokenizer = 128 << 20
        static let chatTemplate = 1 << 20
    }

    init(huggingFace directory: ModelDirectory) throws(CheckpointError) {
        let config = try JSONDocument(directory, ModelDirectory.FileName.configuration, limit: Limit.configuration)
        let configuration = try HuggingFaceModel(config: config).configuration()
        let parts = try SafetensorsParts(directory)
        let table = try TensorTable(
            entries: parts.tensors, naming: .huggingFace, model: configuration, file: directory.path)
        var warnings = table.unused.map { "\(directory.path): tensor \($0) is not used" }
        let defaults = try Self.generationDefaults(directory, config, vocabulary: configuration.vocabularySize)
        if defaults.endIDs.isEmpty { warnings.append("\(directory.path): names no token that ends an answer") }
        self.init(
            configuration: configuration, name: ModelName(directory.path).text,
            text: .huggingFace(try Self.textAssets(directory)), generationDefaults: defaults, warnings: warnings,
            fileCount: parts.fileCount,
            metadata: config.object.members.map {
                Detail(key: $0.name, value: String(decoding: $0.value.serialized, as: UTF8.self))
            },
            tensors: table.tensors)
    }

    private static func textAssets(_ directory: ModelDirectory) throws(CheckpointError) -> HuggingFaceTextAssets {
        let template = try directory.bytesIfPresent(
            ModelDirectory.FileName.chatTemplate, limit: Limit.chatTemplate)
        return HuggingFaceTextAssets(
            tokenizer: try directory.bytes(ModelDirectory.FileName.tokenizer, limit: Limit.tokenizer),
            tokenizerConfig: try directory.bytesIfPresent(
                ModelDirectory.FileName.tokenizerConfiguration, limit: Limit.configuration),
            chatTemplate: try template.map { (bytes) throws(CheckpointError) in
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw .malformed(
                        CheckpointError.Place(
                            file: directory.path(of: ModelDirectory.FileName.chatTemplate), offset: nil, field: "file"),
                        reason: "not valid UTF-8")
                }
                return text
            })
    }

    /// generation_config.json decides; ids that it does not have come from config.json.
    private static func generationDefaults(
        _ directory: ModelDirectory, _ config: JSONDocument, vocabulary: Int
    ) throws(CheckpointError) -> GenerationDefaults {
        var defaults = GenerationDefaults()
        defaults.beginID = try config.ids("bos_token_id", vocabulary: vocabulary).first
        defaults.endIDs = try config.ids("eos_token_id", vocabulary: vocabulary)
        let name = ModelDirectory.FileName.generation
        guard let bytes = try directory.bytesIfPresent(name, limit: Limit.configuration) else { return defaults }
        let document = try JSONDocument(bytes: bytes, file: directory.path(of: name))
        defaults.temperature = try document.number("temperature", in: 0...100)
        defaults.topP = try document.number("top_p", in: 0...1)
        defaults.topK = try document.integer("top_k", in: 0...ModelLimits.vocabulary.upperBound)
        defaults.beginID = try document.ids("bos_token_id", vocabulary: vocabulary).first ?? defaults.beginID
        let endIDs = try document.ids("eos_token_id", vocabulary: vocabulary)
        if !endIDs.isEmpty { defaults.endIDs = endIDs }
        return defaults
    }
}

/// A model on disk or in memory, opened and checked: its shape, where its tensors lie, and its text assets.
///
/// Every tensor that the forward pass needs is there, with the shape that the configuration demands and all its
/// bytes in the file. Weights are not read yet. Thread-safe; holds the files open while it or a tensor lives.
package struct Checkpoint: Sendable {
    /// How many tensors are of one type, and their bytes.
    package struct TypeUse: Sendable, Equatable {
        package let type: TensorType
        package let tensors: Int
        package let bytes: Int
    }

    /// One line of what the model says of itself.
    package struct Detail: Sendable, Equatable {
        package let key: String
        package let value: String
    }

    package let configuration: ModelConfiguration
    /// What the model calls itself, else its file or directory name without extension.
    package let name: String
    package let text: TextAssets
    package let generationDefaults: GenerationDefaults
    /// Oddities that do not keep the model from running, for the log.
    package let warnings: [String]
    /// Files that hold weights.
    package let fileCount: Int
    /// GGUF metadata, or the members of config.json, in file order; arrays by their length.
    package let metadata: [Detail]
    private let tensors: [TensorRole: StoredTensor]

    init(
        configuration: ModelConfiguration, name: String, text: TextAssets, generationDefaults: GenerationDefaults,
        warnings: [String], fileCount: Int, metadata: [Detail], tensors: [TensorRole: StoredTensor]
    ) {
        self.configuration = configuration
        self.name = name
        self.text = text
        self.generationDefaults = generationDefaults
        self.warnings = warnings
        self.fileCount = fileCount
        self.metadata = metadata
        self.tensors = tensors
    }

    /// Opens a GGUF file (any part of a split one), or a directory with a safetensors model or one GGUF model.
    package init(path: String) throws(CheckpointError) {
        guard try ByteSource.isDirectory(path) else {
            try self.init(gguf: GGUFParts(path: path))
            return
        }
        let directory = ModelDirectory(path: path)
        if let gguf = try directory.soleGGUF() {
            try self.init(gguf: GGUFParts(path: gguf))
        } else {
            try self.init(huggingFace: directory)
        }
    }

    /// Opens a GGUF file that lies in memory for the life of the process.
    package init(bytes: UnsafeRawBufferPointer, name: String) throws(CheckpointError) {
        try self.init(gguf: GGUFParts(single: ByteSource(bytes: bytes, name: name)))
    }

    /// The tensor with this role. Nil only for `.output` of a model whose embedding table is its head, and for
    /// layers that the model does not have.
    package func tensor(_ role: TensorRole) -> StoredTensor? { tensors[role] }

    /// All tensors, in the order of the forward pass.
    package var storedTensors: [StoredTensor] {
        TensorRole.all(layers: configuration.layers, tied: configuration.tiedEmbeddings).compactMap { tensors[$0] }
    }

    /// Weights in all; a shared embedding table counts once.
    package var parameterCount: Int { tensors.values.reduce(0) { $0 + $1.parameterCount } }

    /// Bytes of all weights as stored.
    package var byteCount: Int { tensors.values.reduce(0) { $0 + $1.byteCount } }

    /// Which types the weights have, most bytes first.
    package var typeUse: [TypeUse] {
        Dictionary(grouping: tensors.values, by: \.type).map { type, group in
            TypeUse(type: type, tensors: group.count, bytes: group.reduce(0) { $0 + $1.byteCount })
        }.sorted { ($0.bytes, $0.type.rawValue) > ($1.bytes, $1.type.rawValue) }
    }
}

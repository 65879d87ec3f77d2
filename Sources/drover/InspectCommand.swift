import ArgumentParser
import Model

/// Says what a model file holds and what it would need here, without reading its weights.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show a model's metadata, tensors and memory plan.")

    @Argument(help: "A GGUF file or a safetensors directory; the bundled model without it.")
    var model: String?
    @Flag(help: "List every tensor.")
    var tensors = false

    func run() throws {
        let checkpoint = try ModelSource(path: model).open()
        let shape = checkpoint.configuration
        print(
            """
            name: \(checkpoint.name)
            files: \(checkpoint.fileCount)
            parameters: \(checkpoint.parameterCount)
            bytes of weights: \(checkpoint.byteCount)
            layers: \(shape.layers)
            hidden size: \(shape.width)
            feed-forward size: \(shape.feedForwardWidth)
            query heads: \(shape.heads)
            K/V heads: \(shape.keyValueHeads)
            head size: \(shape.headSize)
            vocabulary: \(shape.vocabularySize)
            context length: \(shape.contextLength)
            rope base: \(shape.ropeBase), scaled: \(shape.ropeDivisors.contains { $0 != 1 })
            norm epsilon: \(shape.normEpsilon)
            tied embeddings: \(shape.tiedEmbeddings)
            """)
        for use in checkpoint.typeUse { print("tensors of type \(use.type): \(use.tensors), \(use.bytes) bytes") }
        for detail in checkpoint.metadata { print("\(detail.key): \(detail.value)") }
        for warning in checkpoint.warnings { print("warning: \(warning)") }
        if tensors { list(checkpoint) }
        print("\nmemory plan:\n\(try MemoryPlan(checkpoint: checkpoint, settings: RuntimeSettings()))")
    }

    private func list(_ checkpoint: Checkpoint) {
        print()
        for tensor in checkpoint.storedTensors {
            print("\(tensor.name)  \(tensor.type)  \(tensor.rows) x \(tensor.columns)")
        }
    }
}

/// A model that a stage asks: a server's, or a file that the command serves itself.
package struct ModelSettings: Sendable, Equatable {
    /// What the recipe calls it.
    package let name: String
    /// An OpenAI-compatible server; nil for a local model.
    package let url: String?
    /// A GGUF file or a safetensors directory; with neither it is the bundled model.
    package let path: String?
    /// The server's name for it.
    package let model: String?
    /// The environment variable with the server's API key.
    package let keyVariable: String?
    /// What its outputs are under, such as `llama3.1`; nil to read it from the model's file.
    package let licence: String?
    /// Money for a million tokens, in whatever currency, for the plan.
    package let inputPrice: Double?
    package let outputPrice: Double?

    static let bundled = ModelSettings(
        name: "bundled", url: nil, path: nil, model: nil, keyVariable: nil, licence: nil, inputPrice: nil,
        outputPrice: nil)

    /// What decides its answers, as far as the recipe knows.
    package var identity: [String] { [url ?? "", path ?? "", model ?? ""] }
}

extension ModelSettings {
    init(name: String, _ reader: inout RecipeReader, folder: String) throws(RecipeError) {
        url = try reader.string("url")
        path = try reader.string("path").map { FilePath.resolve($0, in: folder) }
        if url != nil, path != nil { throw reader.error("path", "cannot stand beside 'url': a model is here or there") }
        self.name = name
        model = try reader.string("model")
        keyVariable = try reader.string("key-variable")
        for (key, value) in [("model", model), ("key-variable", keyVariable)] where value != nil && url == nil {
            throw reader.error(key, "is for a model with a 'url'")
        }
        licence = try reader.string("licence")
        var price = try reader.section("price")
        inputPrice = try price?.number("input", in: 0...1_000_000)
        outputPrice = try price?.number("output", in: 0...1_000_000)
        try price?.finish()
        try reader.finish()
    }
}

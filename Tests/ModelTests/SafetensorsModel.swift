import JSON
import Model

/// A directory with a small safetensors model, whose files a test may replace.
struct SafetensorsModel {
    let directory: TemporaryDirectory

    init(configuration: JSONObject = SafetensorsBuilder.configuration) throws {
        directory = try TemporaryDirectory()
        try directory.write("config.json", JSONValue.object(configuration).serialized)
        try directory.write("tokenizer.json", Array("{}".utf8))
        try directory.write("model.safetensors", SafetensorsBuilder.llama().build())
    }

    func load() throws(CheckpointError) -> Checkpoint {
        // The last use of `directory` would be the reading of its path, and with it the files would go.
        defer { withExtendedLifetime(directory) {} }
        return try Checkpoint(path: directory.path)
    }

    func refusal() -> CheckpointError? {
        defer { withExtendedLifetime(directory) {} }
        return ModelTests.refusal(at: directory.path)
    }
}

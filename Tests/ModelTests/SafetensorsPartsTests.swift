import JSON
import Model
import Testing

/// Rows M22 and M33: safetensors in shards.
struct SafetensorsPartsTests {
    /// The small model in two shards, and an index that says so.
    private func sharded() throws -> (model: SafetensorsModel, map: [(String, String)]) {
        let model = try SafetensorsModel()
        let whole = SafetensorsBuilder.llama().tensors
        let shards = ["a.safetensors": Array(whole.prefix(5)), "b.safetensors": Array(whole.dropFirst(5))]
        for (name, tensors) in shards {
            try model.directory.write(name, SafetensorsBuilder(tensors: tensors).build())
        }
        let map = whole.enumerated().map { ($1.name, $0 < 5 ? "a.safetensors" : "b.safetensors") }
        try writeIndex(map, to: model)
        return (model, map)
    }

    private func writeIndex(_ map: [(String, String)], to model: SafetensorsModel) throws {
        let members = map.map { ($0, JSONValue.string($1)) }
        let index: JSONValue = ["metadata": ["total_size": 1], "weight_map": .object(JSONObject(members))]
        try model.directory.write("model.safetensors.index.json", index.serialized)
    }

    @Test func `joins the shards`() throws {
        let checkpoint = try sharded().model.load()
        #expect(checkpoint.fileCount == 2 && checkpoint.storedTensors.count == 11)
    }

    @Test(arguments: [
        "../../x.safetensors", "..", "/etc/x.safetensors", "https://host/x.safetensors", "sub/x.safetensors", "",
        "config.json", ".hidden.safetensors", "a\u{0}.safetensors", "..\\x.safetensors",
    ]) func `refuses shards outside the directory`(name: String) throws {
        var (model, map) = try sharded()
        map[0].1 = name
        try writeIndex(map, to: model)
        #expect(model.refusal()?.field == "weight_map")
    }

    @Test func `lists shards that are missing, and tensors that a shard lacks`() throws {
        var (model, map) = try sharded()
        map[0].1 = "c.safetensors"
        try writeIndex(map, to: model)
        #expect(model.refusal()?.field == "c.safetensors")
        map[0].1 = "b.safetensors"
        try writeIndex(map, to: model)
        #expect(model.refusal()?.field == "model.embed_tokens.weight")
    }

    @Test func `refuses a tensor that two shards have`() throws {
        let (model, _) = try sharded()
        try model.directory.write("b.safetensors", SafetensorsBuilder.llama().build())
        #expect(model.refusal() != nil)
    }

    @Test func `refuses an index of 100000 entries`() throws {
        let (model, _) = try sharded()
        try writeIndex((0..<100_000).map { ("t\($0)", "a.safetensors") }, to: model)
        #expect(model.refusal()?.field == "weight_map")
    }
}

import JSON

/// The files of one safetensors model: `model.safetensors`, or the shards that the index names.
struct SafetensorsParts {
    let tensors: [TensorEntry]
    let fileCount: Int

    private static let indexLimit = 64 << 20

    init(_ directory: ModelDirectory) throws(CheckpointError) {
        guard directory.has(ModelDirectory.FileName.index) else {
            tensors = try SafetensorsFile(
                ByteSource(path: directory.path(of: ModelDirectory.FileName.weights))
            ).tensors
            fileCount = 1
            return
        }
        let map = try Self.weightMap(directory)
        let shards = Set(map.map(\.shard)).sorted()
        let missing = shards.filter { !directory.has($0) }
        guard missing.isEmpty else { throw .missing(file: directory.path, what: "shards", names: missing) }
        var found: [String: TensorEntry] = [:]
        for shard in shards {
            let file = try SafetensorsFile(ByteSource(path: directory.path(of: shard)))
            for tensor in file.tensors {
                guard let other = found.updateValue(tensor, forKey: tensor.name) else { continue }
                throw .malformed(
                    CheckpointError.Place(file: file.source.name, offset: nil, field: tensor.name),
                    reason: "tensor occurs in \(other.source.name) too")
            }
        }
        for (tensor, shard) in map where found[tensor]?.source.name != directory.path(of: shard) {
            throw .missing(file: directory.path(of: shard), what: "tensors that the index promises", names: [tensor])
        }
        tensors = Array(found.values)
        fileCount = shards.count
    }

    private static func weightMap(
        _ directory: ModelDirectory
    ) throws(CheckpointError) -> [(tensor: String, shard: String)] {
        let name = ModelDirectory.FileName.index
        let document = try JSONDocument(directory, name, limit: indexLimit)
        guard let map = document.object["weight_map"]?.object else {
            throw .malformed(document.place("weight_map"), reason: "must be an object")
        }
        guard map.count <= SafetensorsFile.tensorLimit else {
            throw .outOfRange(
                document.place("weight_map"), allowed: 1...UInt64(SafetensorsFile.tensorLimit), got: UInt64(map.count))
        }
        var entries: [(tensor: String, shard: String)] = []
        for member in map.members {
            guard let shard = member.value.string, isFileName(shard) else {
                throw .malformed(
                    document.place("weight_map"),
                    reason: "\(member.name.prefix(64)) must name a .safetensors file of the same directory")
            }
            entries.append((member.name, shard))
        }
        return entries
    }

    /// A name within the directory: printable ASCII, no separator, so neither a path nor an address.
    private static func isFileName(_ name: String) -> Bool {
        name.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") }
            && !name.hasPrefix(".") && name.hasSuffix(".safetensors")
    }
}

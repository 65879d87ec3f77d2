/// Finds the tensor of each role among those of the files and compares its shape with the configuration.
struct TensorTable {
    private(set) var tensors: [TensorRole: StoredTensor] = [:]
    /// Names of tensors that no role wants.
    private(set) var unused: [String] = []

    init(
        entries: [TensorEntry], naming: TensorNaming, model: ModelConfiguration, file: String
    ) throws(CheckpointError) {
        var byName: [String: TensorEntry] = [:]
        for entry in entries { byName[entry.name] = entry }
        var missing: [String] = []
        for role in TensorRole.all(layers: model.layers, tied: model.tiedEmbeddings) {
            let name = naming.name(of: role)
            guard let entry = byName.removeValue(forKey: name) else {
                missing.append(name)
                continue
            }
            tensors[role] = try Self.stored(entry, as: role, naming, model)
        }
        guard missing.isEmpty else { throw .missing(file: file, what: "tensors", names: missing) }
        byName[TensorNaming.ropeDivisors] = nil
        unused = byName.keys.sorted()
        if let name = unused.first(where: naming.isPartOfALayer), let entry = byName[name] {
            throw .unsupported(
                CheckpointError.Place(file: entry.source.name, offset: entry.offset, field: name),
                got: "a tensor that a Llama of \(model.layers) layers does not have",
                supported: "the nine of each layer")
        }
    }

    private static func stored(
        _ entry: TensorEntry, as role: TensorRole, _ naming: TensorNaming, _ model: ModelConfiguration
    ) throws(CheckpointError) -> StoredTensor {
        let place = CheckpointError.Place(file: entry.source.name, offset: entry.offset, field: entry.name)
        guard let type = entry.type else {
            throw .unsupported(place, got: "tensor type \(entry.typeName)", supported: "F32, F16, BF16")
        }
        let shape = role.shape(in: model)
        let wanted = shape.rows == 1 && role.isVector ? [shape.columns] : [shape.rows, shape.columns]
        guard entry.significantShape(rank: wanted.count) == wanted else {
            throw .malformed(place, reason: "has the shape \(entry.shape), the configuration demands \(wanted)")
        }
        return StoredTensor(
            name: entry.name, type: type, rows: shape.rows, columns: shape.columns,
            rotaryLayout: role.isRotated ? naming.layout(headSize: model.headSize) : nil, source: entry.source,
            offset: entry.offset)
    }
}

extension TensorRole {
    fileprivate var isVector: Bool {
        switch self {
        case .outputNorm, .layer(_, .attentionNorm), .layer(_, .feedForwardNorm): true
        default: false
        }
    }
}

extension TensorEntry {
    /// The shape without outer ones beyond `rank`: some tools write vectors as (1, n).
    fileprivate func significantShape(rank: Int) -> [Int] {
        guard shape.count > rank, shape.dropLast(rank).allSatisfy({ $0 == 1 }) else { return shape }
        return shape.suffix(rank)
    }
}

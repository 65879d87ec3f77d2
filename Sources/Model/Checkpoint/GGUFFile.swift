/// One GGUF file: metadata, and tensors that are known to lie in the file whole and apart from each other.
struct GGUFFile: Sendable {
    let source: ByteSource
    let metadata: GGUFMetadata
    let tensors: [TensorEntry]
    /// Bytes after the last tensor.
    let slack: Int

    init(_ source: ByteSource) throws(CheckpointError) {
        var header = GGUFHeaderReader(source)
        try header.begin()
        // The least tensor description: name of one byte, one dimension. The least entry: key of one byte, one byte.
        let tensorCount = try header.count("tensor count", limit: GGUFLimits.tensors, each: 33)
        let entryCount = try header.count("metadata count", limit: GGUFLimits.metadataEntries, each: 14)
        metadata = try header.metadata(count: entryCount)
        let alignment = try Self.alignment(metadata)
        var descriptions: [GGUFHeaderReader.TensorDescription] = []
        for _ in 0..<tensorCount { descriptions.append(try header.tensorDescription()) }
        try Self.refuseEqualNames(descriptions, header.reader)
        self.source = source

        let dataStart = header.reader.offset.roundedUp(to: alignment)
        let dataEnd = try Self.checkLayout(
            descriptions, alignment: alignment, dataBytes: max(source.count - dataStart, 0), header.reader)
        slack = max(source.count - dataStart - dataEnd, 0)
        tensors = descriptions.map { description in
            TensorEntry(
                name: description.name, type: description.type, typeName: description.type.description,
                shape: description.dimensions.reversed(), source: source, offset: dataStart + Int(description.offset))
        }
    }

    private static func alignment(_ metadata: GGUFMetadata) throws(CheckpointError) -> Int {
        let key = "general.alignment"
        let range = Int(GGUFLimits.alignment.lowerBound)...Int(GGUFLimits.alignment.upperBound)
        guard let alignment = try metadata.integer(key, in: range) else { return GGUFLimits.defaultAlignment }
        guard alignment.nonzeroBitCount == 1 else {
            throw .malformed(metadata.place(key), reason: "is \(alignment), not a power of two")
        }
        return alignment
    }

    private static func refuseEqualNames(
        _ tensors: [GGUFHeaderReader.TensorDescription], _ reader: ByteReader
    ) throws(CheckpointError) {
        var seen: Set<String> = []
        for tensor in tensors where !seen.insert(tensor.name).inserted {
            throw .malformed(reader.place(tensor.name, at: tensor.describedAt), reason: "tensor occurs twice")
        }
    }

    /// Tensors must follow each other in the data, in any order, with no more than padding between them: then none
    /// overlaps another and none reaches past the end. Returns where the last one ends.
    private static func checkLayout(
        _ tensors: [GGUFHeaderReader.TensorDescription], alignment: Int, dataBytes: Int, _ reader: ByteReader
    ) throws(CheckpointError) -> Int {
        var end = 0
        for tensor in tensors.sorted(by: { $0.offset < $1.offset }) {
            let place = reader.place("offset of \(tensor.name)", at: tensor.describedAt)
            let expected = end.roundedUp(to: alignment)
            guard tensor.offset % UInt64(alignment) == 0 else {
                throw .malformed(place, reason: "\(tensor.offset) is not a multiple of the alignment \(alignment)")
            }
            guard tensor.offset == UInt64(expected) else {
                throw .malformed(place, reason: "is \(tensor.offset), the tensor before it ends at \(expected)")
            }
            guard expected <= dataBytes, tensor.byteCount <= dataBytes - expected else {
                throw .truncated(
                    reader.place(tensor.name, at: tensor.describedAt), needed: UInt64(tensor.byteCount),
                    left: UInt64(max(dataBytes - expected, 0)))
            }
            end = expected + tensor.byteCount
        }
        return end
    }
}

extension Int {
    /// For offsets within a file: far from the end of the number range.
    fileprivate func roundedUp(to alignment: Int) -> Int { (self + alignment - 1) / alignment * alignment }
}

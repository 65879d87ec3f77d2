/// The files of one GGUF model: a single one, or `name-00001-of-0000N.gguf` and so on.
struct GGUFParts: Sendable {
    /// In order; the first holds the metadata.
    let files: [GGUFFile]

    var metadata: GGUFMetadata { files[0].metadata }
    var name: String { files[0].source.name }

    /// One file by itself; a part of a split model is refused, since the others cannot be found.
    init(single source: ByteSource) throws(CheckpointError) {
        let file = try GGUFFile(source)
        let count = try Self.partCount(file.metadata)
        guard count == 1 else {
            throw .unsupported(
                file.metadata.place(Key.count), got: "a split model in memory", supported: "models in one piece")
        }
        files = [file]
    }

    /// The model that the file at `path` is, or is any part of.
    init(path: String) throws(CheckpointError) {
        let file = try GGUFFile(ByteSource(path: path))
        let count = try Self.partCount(file.metadata)
        if count == 1 {
            files = [file]
        } else {
            files = try Self.parts(beside: file, path: path, count: count)
            try checkTogether()
        }
    }

    private enum Key {
        static let number = "split.no"
        static let count = "split.count"
        static let tensors = "split.tensors.count"
    }

    private static func partCount(_ metadata: GGUFMetadata) throws(CheckpointError) -> Int {
        // Files that were never split may say 0.
        max(try metadata.integer(Key.count, in: 0...65_535) ?? 1, 1)
    }

    private static func parts(
        beside given: GGUFFile, path: String, count: Int
    ) throws(CheckpointError) -> [GGUFFile] {
        guard count <= GGUFLimits.parts else {
            throw .outOfRange(
                given.metadata.place(Key.count), allowed: 1...UInt64(GGUFLimits.parts), got: UInt64(count))
        }
        guard let prefix = SplitName(path: path, count: count)?.prefix else {
            throw .malformed(
                given.metadata.place(Key.count),
                reason:
                    "says \(count) parts, but the file name does not end in -00001-of-\(SplitName.digits(count)).gguf")
        }
        let paths = (1...count).map { SplitName.path(prefix: prefix, number: $0, count: count) }
        let missing = paths.filter { !ByteSource.exists($0) }
        guard missing.isEmpty else { throw .missing(file: path, what: "parts of the model", names: missing) }
        var files: [GGUFFile] = []
        for (position, path) in paths.enumerated() {
            let file = try GGUFFile(ByteSource(path: path))
            try check(file, number: position, count: count)
            files.append(file)
        }
        return files
    }

    private static func check(_ file: GGUFFile, number: Int, count: Int) throws(CheckpointError) {
        let metadata = file.metadata
        let ownNumber = try metadata.required(Key.number, try metadata.integer(Key.number, in: 0...65_535))
        let ownCount = try metadata.required(Key.count, try metadata.integer(Key.count, in: 0...65_535))
        guard ownNumber == number else {
            throw .malformed(metadata.place(Key.number), reason: "is \(ownNumber), the file name says \(number)")
        }
        guard ownCount == count else {
            throw .malformed(metadata.place(Key.count), reason: "is \(ownCount), another part says \(count)")
        }
    }

    /// Parts of different models would give too many, too few or equal tensors.
    private func checkTogether() throws(CheckpointError) {
        let total = files.reduce(0) { $0 + $1.tensors.count }
        for file in files {
            let key = Key.tensors
            let stated = try file.metadata.integer(key, in: 0...GGUFLimits.tensors)
            guard let stated, stated != total else { continue }
            throw .malformed(file.metadata.place(key), reason: "is \(stated), the parts hold \(total) tensors")
        }
        var seen: [String: String] = [:]
        for file in files {
            for tensor in file.tensors {
                if let other = seen.updateValue(file.source.name, forKey: tensor.name) {
                    throw .malformed(
                        CheckpointError.Place(file: file.source.name, offset: nil, field: tensor.name),
                        reason: "tensor occurs in \(other) too")
                }
            }
        }
    }
}

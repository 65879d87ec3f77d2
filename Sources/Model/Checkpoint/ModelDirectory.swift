#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A directory that holds one model: names of the files in it, and which of them are weights.
struct ModelDirectory {
    let path: String

    enum FileName {
        static let weights = "model.safetensors"
        static let index = "model.safetensors.index.json"
        static let configuration = "config.json"
        static let generation = "generation_config.json"
        static let tokenizer = "tokenizer.json"
        static let tokenizerConfiguration = "tokenizer_config.json"
        static let chatTemplate = "chat_template.jinja"
    }

    func path(of name: String) -> String { path.hasSuffix("/") ? path + name : "\(path)/\(name)" }

    func has(_ name: String) -> Bool { ByteSource.exists(path(of: name)) }

    /// The bytes of a file of at most `limit` bytes; nil if it is not there.
    func bytesIfPresent(_ name: String, limit: Int) throws(CheckpointError) -> [UInt8]? {
        guard has(name) else { return nil }
        return try ByteSource(path: path(of: name)).wholeFile(limit: limit)
    }

    func bytes(_ name: String, limit: Int) throws(CheckpointError) -> [UInt8] {
        guard let bytes = try bytesIfPresent(name, limit: limit) else {
            throw .missing(file: path, what: "file", names: [name])
        }
        return bytes
    }

    /// The one GGUF model in a directory without safetensors (the first part, if it is split); nil with safetensors.
    func soleGGUF() throws(CheckpointError) -> String? {
        if has(FileName.weights) || has(FileName.index) { return nil }
        let models = try fileNames().filter { $0.hasSuffix(".gguf") && !Self.isLaterPart($0) }.sorted()
        switch models.count {
        case 0:
            throw .missing(
                file: path, what: "model", names: [FileName.weights, FileName.index, "a file that ends in .gguf"])
        case 1: return path(of: models[0])
        default:
            throw .malformed(
                CheckpointError.Place(file: path, offset: nil, field: "directory"),
                reason: "has more than one model; name one of \(models.prefix(8).joined(separator: ", "))")
        }
    }

    /// `x-00002-of-00003.gguf`
    private static func isLaterPart(_ name: String) -> Bool {
        guard let count = name.dropLast(5).split(separator: "-").last.flatMap({ Int($0) }),
            let prefix = SplitName(path: name, count: count)?.prefix
        else { return false }
        return !name.utf8.elementsEqual(SplitName.path(prefix: prefix, number: 1, count: count).utf8)
    }

    private func fileNames() throws(CheckpointError) -> [String] {
        guard let handle = opendir(path) else { throw .system(file: path, operation: "list", code: errno) }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { buffer in
                String(validating: buffer.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let name { names.append(name) }
        }
        return names
    }
}

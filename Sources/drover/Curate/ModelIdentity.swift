import Curation
import Foundation
import JSON
import Model

/// Which model a recipe means: the hash and licence of a local one, the address of a server's.
struct ModelIdentity: Sendable {
    let sha256: String?
    let licence: Licence
    /// What decides its answers, for finding work that was done.
    let digest: ContentHash

    init(_ settings: ModelSettings) throws {
        if settings.url != nil {
            sha256 = nil
            licence = Licence(settings.licence ?? settings.model.flatMap(Licence.guess))
            digest = ContentHash(.array(settings.identity.map { .string($0) }))
            return
        }
        let checkpoint = try ModelSource(path: settings.path).open()
        let hash = try Self.hash(settings.path)
        sha256 = hash.hex
        digest = hash
        let declared = checkpoint.metadata.first { $0.key == "general.license" }?.value
        let own = settings.path == nil ? "Apache-2.0" : nil
        licence = Licence(settings.licence ?? own ?? declared ?? Licence.guess(checkpoint.name))
    }

    private static func hash(_ path: String?) throws -> ContentHash {
        guard let path else { return ContentHash(content: ModelSource.bundled) }
        let files = try files(of: path)
        let hashes = try files.map { try ContentHash(file: $0) }
        // A model of one file has the hash that `sha256sum` prints.
        return hashes.count == 1 ? hashes[0] : ContentHash(.array(hashes.map { .string($0.hex) }))
    }

    /// The file; all parts of a split one; what a directory has of weights and settings.
    private static func files(of path: String) throws -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return [path] }
        let folder = isFolder.boolValue ? path : URL(filePath: path).deletingLastPathComponent().path
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        if isFolder.boolValue {
            return names.filter { $0.hasSuffix(".safetensors") || $0.hasSuffix(".json") }.map { "\(folder)/\($0)" }
        }
        guard let split = path.firstRange(of: /-\d{5}-of-\d{5}\.gguf$/) else { return [path] }
        let stem = URL(filePath: String(path[..<split.lowerBound])).lastPathComponent
        return names.filter { $0.hasPrefix(stem) && $0.hasSuffix(".gguf") }.map { "\(folder)/\($0)" }
    }
}

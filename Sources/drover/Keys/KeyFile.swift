import Foundation
import Service
import Yams

/// The file of API keys: a YAML list with an entry for each. YAML, as the settings are: it is edited by hand, and takes
/// comments. It holds no key, only hashes; but whoever can write it can let himself in, so others must not.
struct KeyFile {
    let path: String

    private static let bytesLimit = 16 << 20

    /// All keys of the file. Throws when one of them is wrong: none of the file is used then.
    func read() throws -> [ClientKey] { try parse(text()) }

    func parse(_ text: String) throws -> [ClientKey] {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw KeyFileError.malformed(path: path, line: nil, problem: "\(error)")
        }
        // A file of comments has no keys yet.
        guard let root, root.null == nil else { return [] }
        guard let entries = root.sequence else {
            throw KeyFileError.malformed(path: path, line: root.mark?.line, problem: "the file must be a list of keys")
        }
        var keys: [ClientKey] = []
        for entry in entries {
            var reader = try KeyEntryReader(entry, path: path)
            let key = try reader.key()
            if keys.contains(where: { $0.name == key.name }) { throw reader.error("there are two keys '\(key.name)'") }
            if keys.contains(where: { $0.digest == key.digest }) {
                throw reader.error("the key '\(key.name)' is another one too")
            }
            keys.append(key)
        }
        return keys
    }

    private var file: PrivateFile { PrivateFile(path: path, kind: "key file") }

    /// What is there, if nobody else can write or read it.
    private func text() throws -> String {
        guard let text = String(validating: try file.read(limit: Self.bytesLimit), as: UTF8.self) else {
            throw KeyFileError.malformed(path: path, line: nil, problem: "it is not UTF-8 text")
        }
        return text
    }
}

// MARK: - Writing

extension KeyFile {
    /// Adds an entry to the file, which is made if it is not there. Throws when the file would not be right then.
    func append(_ entry: String, named name: String) throws {
        let isNew = access(path, F_OK) != 0
        let old = isNew ? Self.head : try text()
        if try parse(old).contains(where: { $0.name == name }) {
            throw KeyFileError.malformed(path: path, line: nil, problem: "it has a key '\(name)' already")
        }
        let addition = (old.isEmpty || old.hasSuffix("\n") ? "" : "\n") + entry
        _ = try parse(old + addition)
        let flags = O_WRONLY | O_APPEND | O_CLOEXEC | (isNew ? O_CREAT | O_EXCL : 0)
        let descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else { throw KeyFileError.system(path: path, errno: errno) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try file.check(descriptor)
        // One write: a server that reads the file meanwhile sees all of the entry or nothing.
        try handle.write(contentsOf: Data(((isNew ? old : "") + addition).utf8))
        try handle.synchronize()
    }

    private static let head = """
        # Keys of Drover's clients, by the hash of each; `drover key new NAME` adds one, README.md says what an entry may
        # have. `kill -HUP` of the server makes changes count.

        """
}

enum KeyFileError: Error, CustomStringConvertible {
    case system(path: String, errno: Int32)
    case malformed(path: String, line: Int?, problem: String)

    var description: String {
        switch self {
        case .system(let path, let errno): "The key file \(path) cannot be used: \(String(cString: strerror(errno)))."
        case .malformed(let path, let line, let problem):
            "The key file \(path)\(line.map { ":\($0)" } ?? "") is wrong: \(problem)."
        }
    }
}

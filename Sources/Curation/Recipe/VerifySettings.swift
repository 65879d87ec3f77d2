import Foundation

/// A verifier that each answer must pass.
package struct VerifySettings: Sendable, Encodable {
    package enum Kind: Sendable, Encodable {
        /// A program that is run for each answer; paths are absolute, but for a program that is looked for.
        case command(Command)
        /// A server that each answer is posted to.
        case callback(url: String)
        /// The check that comes with Drover: calls of tools name a given tool and fit its schema.
        case schema
    }

    package struct Command: Sendable, Encodable {
        package let command: [String]
        package let paths: [String]
        package let memoryMegabytes: Int?
        package let processes: Int?
        /// What the files among the arguments hold: a verifier that was changed decides anew.
        let contents: [String]
    }

    package let name: String
    package let kind: Kind
    package let seconds: Double?
}

extension VerifySettings {
    init(_ reader: inout RecipeReader, folder: String) throws(RecipeError) {
        let given = [("command", reader.has("command")), ("url", reader.has("url")), ("schema", reader.has("schema"))]
        guard given.count(where: \.1) == 1 else {
            throw reader.error("needs one of 'command', 'url' and 'schema'")
        }
        let standard: String
        if let words = try reader.strings("command") {
            kind = .command(try Command(words, &reader, folder: folder))
            standard = words.last.map { URL(filePath: $0).deletingPathExtension().lastPathComponent } ?? "command"
        } else if let url = try reader.string("url") {
            (kind, standard) = (.callback(url: url), "callback")
        } else {
            guard try reader.flag("schema") == true else { throw reader.error("schema", "can only be true") }
            (kind, standard) = (.schema, "schema")
        }
        name = try reader.string("name") ?? standard
        seconds = try reader.number("seconds", in: 0.1...3_600)
        try reader.finish()
    }
}

extension VerifySettings.Command {
    fileprivate init(_ words: [String], _ reader: inout RecipeReader, folder: String) throws(RecipeError) {
        let root = URL(filePath: folder.isEmpty ? "." : folder).path
        // A file of the recipe's folder is meant by its name; the program may stand anywhere on the path.
        command = words.map { word in
            let path = FilePath.resolve(word, in: root)
            return FileManager.default.fileExists(atPath: path) ? path : word
        }
        paths = (try reader.strings("paths") ?? []).map { FilePath.resolve($0, in: root) }
        memoryMegabytes = try reader.integer("memory-mib", in: 1...1_000_000)
        processes = try reader.integer("processes", in: 1...100_000)
        var contents: [String] = []
        for path in command.dropFirst() + paths where path.hasPrefix("/") && FilePath.isFile(path) {
            contents.append(ContentHash(try InputFile.read(path)).hex)
        }
        self.contents = contents
    }
}

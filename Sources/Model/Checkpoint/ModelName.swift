/// The last component of a path without its extension.
struct ModelName {
    let text: String

    init(_ path: String) {
        let name = path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) } ?? path
        text = name.hasSuffix(".gguf") ? String(name.dropLast(5)) : name
    }
}

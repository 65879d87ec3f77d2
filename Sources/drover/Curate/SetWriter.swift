import Foundation
import HTTP
import JSON

/// Writes a set: JSON lines, compressed if wanted. The file is there when all of it is.
struct SetWriter {
    private let path: String
    private let compresses: Bool
    private let handle: FileHandle
    private var buffer: [UInt8] = []
    private(set) var count = 0

    /// Bytes before they are compressed: a member of a gzip file each, which every reader takes for one text.
    private static let memberSize = 1 << 20

    init(path: String, compresses: Bool) throws {
        self.path = path
        self.compresses = compresses
        try Data().write(to: URL(filePath: Self.partial(path)))
        handle = try FileHandle(forWritingTo: URL(filePath: Self.partial(path)))
    }

    private static func partial(_ path: String) -> String { path + ".partial" }

    mutating func write(_ record: JSONValue) throws {
        buffer += record.serialized + [UInt8(ascii: "\n")]
        count += 1
        if buffer.count >= Self.memberSize { try flush() }
    }

    private mutating func flush() throws {
        guard !buffer.isEmpty else { return }
        var bytes = buffer
        if compresses {
            guard let coded = Gzip.encode(buffer) else { throw SetWriterError.noMemory }
            bytes = coded
        }
        try handle.write(contentsOf: Data(bytes))
        buffer.removeAll(keepingCapacity: true)
    }

    /// Puts the file in its place.
    mutating func finish() throws {
        try flush()
        // An empty file is no gzip file; one with an empty member is.
        if compresses, count == 0, let empty = Gzip.encode([]) { try handle.write(contentsOf: Data(empty)) }
        try handle.synchronize()
        try handle.close()
        try Self.move(Self.partial(path), to: path)
    }

    /// A file whose bytes are at hand, in one step.
    static func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
    }

    private static func move(_ source: String, to destination: String) throws {
        guard rename(source, destination) == 0 else { throw SetWriterError.system(path: destination, errno: errno) }
    }
}

enum SetWriterError: Error, CustomStringConvertible {
    case noMemory
    case system(path: String, errno: Int32)

    var description: String {
        switch self {
        case .noMemory: "there is no memory to compress the set in"
        case .system(let path, let errno): "\(path) cannot be written: \(String(cString: strerror(errno)))"
        }
    }
}

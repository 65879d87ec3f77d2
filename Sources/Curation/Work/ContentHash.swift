import COpenSSL
import Foundation
package import JSON

/// SHA-256 of what something is made from: two things with the same hash are the same.
package struct ContentHash: Hashable, Sendable {
    package let bytes: [UInt8]

    /// Of parts, each with its length before it, so that no two lists of parts read alike.
    package init(_ parts: [UInt8]...) {
        var message: [UInt8] = []
        for part in parts {
            withUnsafeBytes(of: UInt64(part.count).littleEndian) { message.append(contentsOf: $0) }
            message += part
        }
        bytes = message.withUnsafeBytes(Self.digest)
    }

    package init(_ value: JSONValue) { self.init(value.serialized) }

    /// Of settings as their coded form has them, whatever the order and the layout of the file they came from.
    package init(settings: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        self.init(Array(try encoder.encode(settings)))
    }

    /// The hash of this and something more.
    package func with(_ parts: [UInt8]...) -> ContentHash {
        ContentHash(bytes, parts.reduce(into: []) { $0 += ContentHash($1).bytes })
    }

    package func with(_ number: Int) -> ContentHash { with(Array("\(number)".utf8)) }

    package var hex: String { bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

    /// The first 63 bits: a seed that every JSON reader takes.
    package var seed: Int64 { Int64(bytes.prefix(8).reduce(0 as UInt64) { $0 << 8 | UInt64($1) } >> 1) }

    /// Of the bytes alone: what `sha256sum` prints.
    package init(content: UnsafeRawBufferPointer) { bytes = Self.digest(content) }

    /// Of what a file holds. It is mapped, not read into memory.
    package init(file: String) throws {
        let data = try Data(contentsOf: URL(filePath: file), options: .alwaysMapped)
        self = data.withUnsafeBytes { ContentHash(content: $0) }
    }

    private static func digest(_ message: UnsafeRawBufferPointer) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        SHA256(message.bindMemory(to: UInt8.self).baseAddress, message.count, &digest)
        return digest
    }
}

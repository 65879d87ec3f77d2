/// Reads what must come next in a text of which the end may still be to come.
struct PrefixReader {
    enum Miss: Error {
        /// So far it could be.
        case unfinished
        case different
    }

    /// What has not been read.
    private(set) var rest: ArraySlice<UInt8>

    init(_ text: ArraySlice<UInt8>) { rest = text }

    /// Where the next byte stands.
    var position: Int { rest.startIndex }

    mutating func skip(_ bytes: some Collection<UInt8>) {
        rest = rest.drop { bytes.contains($0) }
    }

    mutating func skipSpace() { skip(" \t\r\n".utf8) }

    mutating func expect(_ text: String) throws(Miss) {
        guard rest.starts(with: text.utf8) else { throw text.utf8.starts(with: rest) ? .unfinished : .different }
        rest = rest.dropFirst(text.utf8.count)
    }

    /// Whether the text comes next, which is read then.
    mutating func take(_ text: String) throws(Miss) -> Bool {
        do throws(Miss) {
            try expect(text)
            return true
        } catch {
            if error == .unfinished { throw error }
            return false
        }
    }

    /// Looks at the next byte.
    func expectNext(_ byte: Unicode.Scalar) throws(Miss) {
        guard let next = rest.first else { throw .unfinished }
        guard next == UInt8(ascii: byte) else { throw .different }
    }

    /// Letters, digits, underscores and dashes that make one of the words.
    mutating func word(of words: Set<String>) throws(Miss) -> String {
        let word = rest.prefix(while: Self.isNameByte)
        let text = String(decoding: word, as: UTF8.self)
        guard word.endIndex < rest.endIndex else {
            throw words.contains { $0.hasPrefix(text) } ? .unfinished : .different
        }
        guard words.contains(text) else { throw .different }
        rest = rest[word.endIndex...]
        return text
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

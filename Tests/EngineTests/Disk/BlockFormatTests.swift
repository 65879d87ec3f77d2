import Engine
import Model
import Testing

struct BlockFormatTests {
    private static let format = BlockFormat(fingerprint: ModelFingerprint(low: 1, high: 2), blockBytes: 1_000)
    private static let name = PrefixHash(low: 3, high: 4)
    private static let tokens = (0..<Int32(KVBlock.tokens)).map { $0 * 7 }

    private static func file() -> [UInt8] {
        var file = (0..<format.fileBytes).map { UInt8(truncatingIfNeeded: $0 * 31) }
        file.withUnsafeMutableBytes { format.seal($0, name: name, tokens: tokens) }
        return file
    }

    private func check(
        _ file: [UInt8], format: BlockFormat = format, name: PrefixHash = name, tokens: [Int32] = tokens
    ) throws {
        try file.withUnsafeBytes { try format.check($0, name: name, tokens: tokens) }
    }

    @Test func `believes what it wrote`() throws {
        let file = Self.file()
        try check(file)
        #expect(Array(file.prefix(8)) == Array("DROVERKV".utf8))
        #expect(file[512...].enumerated().allSatisfy { $1 == UInt8(truncatingIfNeeded: ($0 + 512) * 31) })
    }

    @Test func `finds every single changed byte`() {
        let file = Self.file()
        for place in file.indices {
            var damaged = file
            damaged[place] ^= 1 << UInt8(place % 8)
            #expect(throws: BlockFileError.self, "byte \(place)") { try check(damaged) }
        }
    }

    @Test func `believes no file of another length`() {
        for length in [0, 8, 511, 512, 1_511, 1_513] {
            let file = Array((Self.file() + [0]).prefix(length))
            #expect(throws: BlockFileError.wrongLength) { try check(file) }
        }
    }

    @Test func `believes no file of another model, name or text`() {
        let file = Self.file()
        let other = BlockFormat(fingerprint: ModelFingerprint(low: 1, high: 3), blockBytes: 1_000)
        #expect(throws: BlockFileError.damaged("fingerprint")) { try check(file, format: other) }
        #expect(throws: BlockFileError.damaged("name or tokens")) {
            try check(file, name: PrefixHash(low: 3, high: 5))
        }
        #expect(throws: BlockFileError.damaged("name or tokens")) {
            try check(file, tokens: Self.tokens.dropLast() + [0])
        }
    }

    @Test func `a name is spelled in one way`() {
        let name = PrefixHash(low: 0xA, high: 0xFF)
        #expect(name.description == "00000000000000ff000000000000000a")
        #expect(PrefixHash(name.description[...]) == name)
        for text in ["", "00000000000000FF000000000000000A", "+0000000000000ff000000000000000a", "ff"] {
            #expect(PrefixHash(text[...]) == nil)
        }
    }
}

import Model
import Testing

/// Rows M1 to M14 of the list of bad files, and with them the cases that llama.cpp tests by hand (M40).
struct GGUFHeaderTests {
    @Test func `loads the model that the other tests spoil`() throws {
        #expect(refusal(of: .llama()) == nil)
    }

    @Test(arguments: [UInt32(2), 3]) func `reads versions 2 and 3`(version: UInt32) {
        var builder = GGUFBuilder.llama()
        builder.version = version
        #expect(refusal(of: builder) == nil)
    }

    @Test(arguments: [8, 32, 64, 4_096, 65_536]) func `honours the alignment that the file sets`(alignment: Int) {
        var builder = GGUFBuilder.llama()
        builder.alignment = alignment
        builder.set("general.alignment", UInt32(alignment))
        #expect(refusal(of: builder) == nil)
    }

    @Test func `takes tensors in any order`() {
        var builder = GGUFBuilder.llama()
        builder.tensors.reverse()
        #expect(refusal(of: builder) == nil)
    }

    @Test func `warns of more than a page behind the last tensor`() throws {
        for (slack, warnings) in [(4_096, 0), (4_097, 1)] {
            var builder = GGUFBuilder.llama()
            builder.slack = slack
            let bytes = builder.build()
            try bytes.withUnsafeBytes {
                let checkpoint = try Checkpoint(bytes: $0, name: "x")
                #expect(checkpoint.warnings.count == warnings)
            }
        }
    }

    @Test(arguments: [0, 1, 3, 4, 23]) func `refuses a file of few bytes`(length: Int) {
        let bytes = Array(GGUFBuilder.llama().build().prefix(length))
        #expect(refusal(of: bytes) != nil)
    }

    @Test func `names a big-endian file`() {
        var magic = GGUFBuilder.llama()
        magic.magic.reverse()
        var version = GGUFBuilder.llama()
        version.version = UInt32(3).byteSwapped
        for builder in [magic, version] {
            #expect(refusal(of: builder)?.description.contains("big-endian") == true)
        }
    }

    static let headers: [SpoiledModel] = [
        SpoiledModel("bad magic", "magic") { $0.magic = Array("GGML".utf8) },
        SpoiledModel("version 0", "version") { $0.version = 0 },
        SpoiledModel("version 1", "version") { $0.version = 1 },
        SpoiledModel("version 4", "version") { $0.version = 4 },
        SpoiledModel("version 2^32 - 1", "version") { $0.version = .max },
        SpoiledModel("2^64 - 1 tensors", "tensor count") { $0.tensorCount = .max },
        SpoiledModel("2^63 tensors", "tensor count") { $0.tensorCount = 1 << 63 },
        SpoiledModel("2^32 tensors", "tensor count") { $0.tensorCount = 1 << 32 },
        SpoiledModel("2^64 - 1 entries", "metadata count") { $0.entryCount = .max },
        SpoiledModel("2^63 entries", "metadata count") { $0.entryCount = 1 << 63 },
        SpoiledModel("2^32 entries", "metadata count") { $0.entryCount = 1 << 32 },
    ]

    static let entries: [SpoiledModel] = [
        SpoiledModel("key of 2^64 - 1 bytes", "length of metadata key") { $0.putRaw(keyLength: .max) },
        SpoiledModel("key of 2^63 bytes", "length of metadata key") { $0.putRaw(keyLength: 1 << 63) },
        SpoiledModel("key of 1 GiB", "length of metadata key") { $0.putRaw(keyLength: 1 << 30) },
        SpoiledModel("key past the end", "metadata key") { $0.putRaw(keyLength: 60_000) },
        SpoiledModel("empty key", "metadata key") { $0.set("", UInt32(1)) },
        SpoiledModel("key that is not UTF-8", "metadata key") {
            $0.entries.append(.init(key: [0x61, 0xFF], kind: 4, value: [0, 0, 0, 0]))
        },
        SpoiledModel("key twice", "llama.block_count") {
            $0.entries.append(.init(key: Array("llama.block_count".utf8), kind: 4, value: [1, 0, 0, 0]))
        },
        SpoiledModel("string of 2^64 - 1 bytes", "length of x") { $0.set("x", kind: 8, GGUFBuilder.bytes(UInt64.max)) },
        SpoiledModel("string of 2^63 bytes", "length of x") {
            $0.set("x", kind: 8, GGUFBuilder.bytes(UInt64(1) << 63))
        },
        SpoiledModel("string of 1 GiB", "length of x") { $0.set("x", kind: 8, GGUFBuilder.bytes(UInt64(1) << 30)) },
        SpoiledModel("string past the end", "x") { $0.set("x", kind: 8, GGUFBuilder.bytes(UInt64(1) << 22)) },
        SpoiledModel("string that is not UTF-8", "x") {
            $0.set("x", kind: 8, GGUFBuilder.bytes(UInt64(2)) + [0xC3, 0x28])
        },
        SpoiledModel("string cut in a character", "x") {
            $0.set(
                "x", kind: 9,
                GGUFBuilder.bytes(UInt32(8)) + GGUFBuilder.bytes(UInt64(2))
                    + GGUFBuilder.bytes(UInt64(1)) + [0xC3] + GGUFBuilder.bytes(UInt64(1)) + [0xA9])
        },
        SpoiledModel("array of 2^60 bytes", "length of x") { $0.putArray(kind: 0, count: 1 << 60) },
        SpoiledModel("array of 10 M empty strings that are not there", "length of x") {
            $0.putArray(kind: 8, count: 10_000_001)
        },
        SpoiledModel("array of arrays", "x") { builder in
            let level = GGUFBuilder.bytes(UInt32(9)) + GGUFBuilder.bytes(UInt64(1))
            builder.set("x", kind: 9, Array((0..<1_000).map { _ in level }.joined()))
        },
        SpoiledModel("array of an unknown type", "type of x") { $0.putArray(kind: 13, count: 1) },
        SpoiledModel("type 13", "type of x") { $0.set("x", kind: 13, [0]) },
        SpoiledModel("type 99", "type of x") { $0.set("x", kind: 99, [0]) },
        SpoiledModel("boolean 2", "x") { $0.set("x", kind: 7, [2]) },
        SpoiledModel("alignment 0", "general.alignment") { $0.set("general.alignment", UInt32(0)) },
        SpoiledModel("alignment 1", "general.alignment") { $0.set("general.alignment", UInt32(1)) },
        SpoiledModel("alignment 3", "general.alignment") { $0.set("general.alignment", UInt32(3)) },
        SpoiledModel("alignment 48", "general.alignment") { $0.set("general.alignment", UInt32(48)) },
        SpoiledModel("alignment 2^31", "general.alignment") { $0.set("general.alignment", UInt32(1) << 31) },
        SpoiledModel("alignment as text", "general.alignment") { $0.set("general.alignment", "32") },
    ]

    private static let last = "blk.0.ffn_down.weight"

    static let tensors: [SpoiledModel] = [
        SpoiledModel("empty name", "tensor name") { $0.change(last) { $0.name = [] } },
        SpoiledModel("name of 65 bytes", "length of tensor name") {
            $0.change(last) { $0.name = Array(repeating: 0x61, count: 65) }
        },
        SpoiledModel("name with NUL", "tensor name") { $0.change(last) { $0.name = [0x61, 0] } },
        SpoiledModel("name with ../", "tensor name") { $0.change(last) { $0.name = Array("../x".utf8) } },
        SpoiledModel("name twice", "blk.0.ffn_up.weight") {
            $0.change(last) { $0.name = Array("blk.0.ffn_up.weight".utf8) }
        },
        SpoiledModel("0 dimensions", "dimension count of \(last)") { $0.change(last) { $0.dimensionCount = 0 } },
        SpoiledModel("5 dimensions", "dimension count of \(last)") { $0.change(last) { $0.dimensionCount = 5 } },
        SpoiledModel("2^32 - 1 dimensions", "dimension count of \(last)") {
            $0.change(last) { $0.dimensionCount = .max }
        },
        SpoiledModel("dimension 0", "dimension of \(last)") { $0.change(last) { $0.dimensions = [64, 0] } },
        SpoiledModel("negative dimension", "dimension of \(last)") { $0.change(last) { $0.dimensions = [64, .max] } },
        SpoiledModel("product overflow", last) { $0.change(last) { $0.dimensions = [1 << 32, 1 << 32] } },
        SpoiledModel("byte overflow", last) { $0.change(last) { $0.dimensions = [1 << 32, 1 << 31] } },
        SpoiledModel("padding overflow", last) {
            $0.change(last) { ($0.type, $0.dimensions) = (0, [(1 << 61) - 1]) }
        },
        SpoiledModel("rows that are not whole blocks", last) { $0.change(last) { $0.dimensions = [33, 64] } },
        SpoiledModel("removed type 4", "type of \(last)") { $0.change(last) { $0.type = 4 } },
        SpoiledModel("unknown type 43", "type of \(last)") { $0.change(last) { $0.type = 43 } },
        SpoiledModel("type 2^32 - 1", "type of \(last)") { $0.change(last) { $0.type = .max } },
        SpoiledModel("unaligned offset", "offset of \(last)") { $0.change(last) { $0.offset = 33 } },
        SpoiledModel("offset past the end", "offset of \(last)") { $0.change(last) { $0.offset = 1 << 40 } },
        SpoiledModel("offset that wraps", "offset of \(last)") { $0.change(last) { $0.offset = .max - 31 } },
        SpoiledModel("overlap", "offset of \(last)") { $0.change(last) { $0.offset = 32 } },
        SpoiledModel("data too short", last) { $0.change(last) { $0.data.removeLast() } },
        SpoiledModel("data laid out for another alignment", "offset of output_norm.weight") {
            $0.set("general.alignment", UInt32(64))
            $0.change("output_norm.weight") { $0.offset = 288 }
        },
    ]

    @Test(arguments: headers + entries + tensors)
    func `refuses a broken header and names the field`(model: SpoiledModel) {
        #expect(model.refusal()?.field == model.field, "\(String(describing: model.refusal()))")
    }

    @Test func `says which file, where, which field, which limit and what it found`() {
        var builder = GGUFBuilder.llama()
        builder.tensorCount = 1 << 32
        let length = UInt64(builder.build().count)
        #expect(
            refusal(of: builder)
                == .outOfRange(
                    .init(file: "test.gguf", offset: 8, field: "tensor count"), allowed: 0...((length - 16) / 33),
                    got: 1 << 32))
    }
}

extension GGUFBuilder {
    /// An entry whose key claims a length.
    fileprivate mutating func putRaw(keyLength: UInt64) {
        // The claimed length takes the place of the value of an entry that is complete with it.
        entries = [Entry(key: Array("general.x".utf8), kind: 10, value: Self.bytes(UInt64(1)) + Self.bytes(keyLength))]
        entryCount = 2
    }

    fileprivate mutating func putArray(kind: UInt32, count: UInt64) {
        set("x", kind: 9, Self.bytes(kind) + Self.bytes(count))
    }
}

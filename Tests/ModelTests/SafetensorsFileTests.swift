import JSON
import Model
import TestSupport
import Testing

/// Rows M27 to M33.
struct SafetensorsFileTests {
    @Test func `loads the model that the other tests spoil`() throws {
        let model = try SafetensorsModel()
        let checkpoint = try model.load()
        #expect(checkpoint.storedTensors.count == 11 && checkpoint.warnings.isEmpty)
        #expect(checkpoint.tensor(.layer(0, .query))?.rotaryLayout == .halfSplit(headSize: 4))
        #expect(checkpoint.generationDefaults.endIDs == [1])
    }

    /// A file and the field that its refusal names.
    struct Case: Sendable, CustomStringConvertible {
        let description: String
        let field: String
        let bytes: [UInt8]

        init(_ description: String, _ field: String, bytes: [UInt8]) {
            (self.description, self.field, self.bytes) = (description, field, bytes)
        }

        init(_ description: String, _ field: String, header: String, data: Int = 16) {
            self.init(description, field, bytes: SafetensorsBuilder.build(header: header, dataBytes: data))
        }

        /// One tensor "x" of 16 bytes, described so.
        init(
            _ description: String, _ field: String, type: String = "F16", shape: String = "[8]", _ begin: Int,
            _ end: Int
        ) {
            self.init(
                description, field, header: "{\"x\":\(SafetensorsBuilder.entry(type, shape, begin, end))}")
        }
    }

    private static func lengthOnly(_ length: UInt64) -> [UInt8] { GGUFBuilder.bytes(length) + Array("{}".utf8) }

    private static func two(_ first: (Int, Int), _ second: (Int, Int)) -> String {
        let entries = [("a", first), ("b", second)].map { name, range in
            "\"\(name)\":" + SafetensorsBuilder.entry("U8", "[\(range.1 - range.0)]", range.0, range.1)
        }
        return "{\(entries.joined(separator: ","))}"
    }

    static let headers = [
        Case("empty file", "header length", bytes: []),
        Case("7 bytes", "header length", bytes: [UInt8](repeating: 0, count: 7)),
        Case("length 0", "header length", bytes: lengthOnly(0)),
        Case("length 1", "header length", bytes: lengthOnly(1)),
        Case("length 2^64 - 1", "header length", bytes: lengthOnly(.max)),
        Case("length over 100 MB", "header length", bytes: lengthOnly(100_000_001)),
        Case("length over the file", "header length", bytes: lengthOnly(3)),
        Case(
            "not UTF-8", "header",
            bytes: GGUFBuilder.bytes(UInt64(7)) + Array("{\"".utf8) + [0xFF] + Array("\":0}".utf8)),
        Case("an array", "header", header: "[]", data: 0),
        Case("a space first", "header", header: " {}", data: 0),
        Case("text behind the object", "header", header: "{}{}", data: 0),
        Case("a NUL behind the object", "header", header: "{}\0", data: 0),
        Case("names twice", "header", header: "{\"x\":0,\"x\":0}"),
        Case("nested deeply", "header", header: "{\"x\":[[[[[0]]]]]}"),
        Case("metadata with a number", "__metadata__", header: "{\"__metadata__\":{\"a\":1}}", data: 0),
        Case("metadata that is a list", "__metadata__", header: "{\"__metadata__\":[]}", data: 0),
        Case("name with a space", "tensor name", header: "{\"a b\":0}"),
        Case("entry that is a number", "x", header: "{\"x\":1}"),
        Case("entry without dtype", "x", header: "{\"x\":{\"shape\":[8],\"data_offsets\":[0,16]}}"),
        Case(
            "entry with more", "x",
            header: "{\"x\":{\"dtype\":\"F16\",\"shape\":[8],\"data_offsets\":[0,16],\"y\":0}}"),
    ]

    static let tensors = [
        Case("unknown type", "x", type: "F4", 0, 16),
        Case("shape of other size", "x", shape: "[7]", 0, 16),
        Case("offsets reversed", "data_offsets of x", 16, 0),
        Case(
            "one offset", "data_offsets of x",
            header: "{\"x\":{\"dtype\":\"F16\",\"shape\":[8],\"data_offsets\":[16]}}"),
        Case("past the end", "x", shape: "[9]", 0, 18),
        Case("not from the beginning", "data_offsets of x", shape: "[7]", 2, 16),
        Case("bytes left over", "tensors", shape: "[7]", 0, 14),
        Case("overlap", "data_offsets of b", header: two((0, 9), (8, 16))),
        Case("gap", "data_offsets of b", header: two((0, 7), (8, 16))),
        Case("product overflow", "x", shape: "[4294967296,4294967296]", 0, 16),
        Case("negative dimension", "shape of x", shape: "[-8]", 0, 16),
        Case("fractional dimension", "shape of x", shape: "[8.5]", 0, 16),
        Case("dimension 1e3", "shape of x", shape: "[1e3]", 0, 16),
        Case("dimension as text", "shape of x", shape: "[\"8\"]", 0, 16),
        Case("dimension beyond 64 bits", "shape of x", shape: "[99999999999999999999]", 0, 16),
    ]

    @Test(arguments: headers + tensors) func `refuses a broken file and names the field`(file: Case) throws {
        let model = try SafetensorsModel()
        try model.directory.write("model.safetensors", file.bytes)
        #expect(model.refusal()?.field == file.field, "\(String(describing: model.refusal()))")
    }

    @Test func `refuses 100000 tensors by their number`() throws {
        let model = try SafetensorsModel()
        var builder = SafetensorsBuilder()
        builder.tensors = (0..<100_000).map { .init("t\($0)", [0]) }
        try model.directory.write("model.safetensors", builder.build())
        #expect(model.refusal()?.field == "tensor count")
    }

    @Test func `takes spaces behind the header, which pad it`() throws {
        let model = try SafetensorsModel()
        let builder = SafetensorsBuilder.llama()
        let bytes = builder.tensors.reduce(0) { $0 + $1.bytes }
        try model.directory.write(
            "model.safetensors", SafetensorsBuilder.build(header: builder.header + "     ", dataBytes: bytes))
        #expect(model.refusal() == nil)
    }

    @Test func `refuses weights of a type that no weight may have`() throws {
        let model = try SafetensorsModel()
        var builder = SafetensorsBuilder.llama()
        builder.tensors[1].type = "I16"
        try model.directory.write("model.safetensors", builder.build())
        #expect(model.refusal()?.field == "model.norm.weight")
    }

    @Test func `refuses a file that is cut anywhere`() throws {
        let model = try SafetensorsModel()
        let bytes = SafetensorsBuilder.llama().build()
        for cut in stride(from: 0, to: bytes.count, by: 61) {
            try model.directory.write("model.safetensors", Array(bytes[..<cut]))
            #expect(model.refusal() != nil, "cut at \(cut)")
        }
    }

    @Test func `survives random damage`() throws {
        let model = try SafetensorsModel()
        let bytes = SafetensorsBuilder.llama().build()
        var random = SplitMix64(seed: 3)
        for _ in 0..<1_000 {
            var damaged = bytes
            damaged[Int.random(in: 0..<1_000, using: &random)] = UInt8.random(in: 0...255, using: &random)
            try model.directory.write("model.safetensors", damaged)
            _ = model.refusal()
        }
    }
}

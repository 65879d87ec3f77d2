import Model
import Testing

/// Row M22: models in several files.
struct GGUFPartsTests {
    /// Three files with the tensors of the small model.
    private func parts() -> [GGUFBuilder] {
        let whole = GGUFBuilder.llama()
        return (0..<3).map { number in
            var part = GGUFBuilder()
            if number == 0 { part.entries = whole.entries }
            part.set("split.no", kind: 2, GGUFBuilder.bytes(UInt16(number)))
            part.set("split.count", kind: 2, GGUFBuilder.bytes(UInt16(3)))
            part.set("split.tensors.count", kind: 5, GGUFBuilder.bytes(Int32(whole.tensors.count)))
            part.tensors = Array(whole.tensors[number * 4..<min(number * 4 + 4, whole.tensors.count)])
            return part
        }
    }

    private func name(_ number: Int) -> String { "m-0000\(number + 1)-of-00003.gguf" }

    private func write(_ parts: [GGUFBuilder], to directory: TemporaryDirectory) throws {
        for (number, part) in parts.enumerated() { try directory.write(name(number), part.build()) }
    }

    @Test func `opens a split model from any part and from its directory`() throws {
        let directory = try TemporaryDirectory()
        try write(parts(), to: directory)
        for path in [directory.path, directory.path(of: name(0)), directory.path(of: name(2))] {
            let checkpoint = try Checkpoint(path: path)
            #expect(checkpoint.fileCount == 3 && checkpoint.storedTensors.count == 11)
        }
    }

    @Test func `lists the part that is missing`() throws {
        let directory = try TemporaryDirectory()
        try write(Array(parts().prefix(1)), to: directory)
        #expect(
            refusal(at: directory.path(of: name(0)))?.field
                == "\(directory.path(of: name(1))),\(directory.path(of: name(2)))")
    }

    @Test func `refuses parts of different models`() throws {
        let directory = try TemporaryDirectory()
        var parts = parts()
        parts[1].tensors.removeLast()
        try write(parts, to: directory)
        #expect(refusal(at: directory.path)?.field == "split.tensors.count")
        parts = self.parts()
        parts[2].set("split.count", kind: 2, GGUFBuilder.bytes(UInt16(4)))
        try write(parts, to: directory)
        #expect(refusal(at: directory.path)?.field == "split.count")
        parts = self.parts()
        parts[2].set("split.no", kind: 2, GGUFBuilder.bytes(UInt16(1)))
        try write(parts, to: directory)
        #expect(refusal(at: directory.path)?.field == "split.no")
    }

    @Test func `refuses a tensor that two parts have`() throws {
        let directory = try TemporaryDirectory()
        var parts = parts()
        parts[2].tensors[0] = parts[0].tensors[0]
        try write(parts, to: directory)
        #expect(refusal(at: directory.path)?.field == "token_embd.weight")
    }

    @Test func `refuses 65535 parts before it looks for them`() throws {
        let directory = try TemporaryDirectory()
        var builder = GGUFBuilder.llama()
        builder.set("split.count", kind: 2, GGUFBuilder.bytes(UInt16.max))
        try directory.write("m-00001-of-65535.gguf", builder.build())
        #expect(refusal(at: directory.path(of: "m-00001-of-65535.gguf"))?.field == "split.count")
        #expect(refusal(of: builder)?.field == "split.count")
    }

    @Test func `refuses a part whose file name hides the others`() throws {
        let directory = try TemporaryDirectory()
        #expect(refusal(at: try directory.write("model.gguf", parts()[0].build()))?.field == "split.count")
    }

    @Test func `asks which of two models in a directory is meant`() throws {
        let directory = try TemporaryDirectory()
        #expect(refusal(at: directory.path) != nil)
        try directory.write("a.gguf", GGUFBuilder.llama().build())
        #expect(refusal(at: directory.path) == nil)
        try directory.write("b.gguf", GGUFBuilder.llama().build())
        #expect(refusal(at: directory.path)?.description.contains("a.gguf, b.gguf") == true)
    }
}

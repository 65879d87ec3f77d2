import Foundation
import Model
import Testing

/// Rows M24 and M23: what a model is read from.
struct ModelFileTests {
    @Test func `refuses a pipe at once, without waiting for a writer`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path(of: "pipe.gguf")
        #expect(mkfifo(path, 0o600) == 0)
        #expect(refusal(at: path) == .notRegularFile(file: path, kind: "a pipe"))
    }

    @Test(arguments: ["/dev/zero", "/dev/random"]) func `refuses a device`(path: String) {
        #expect(refusal(at: path) == .notRegularFile(file: path, kind: "a character device"))
    }

    @Test func `refuses a directory that has the name of a weight file`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path(of: "model.safetensors")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        for name in ["config.json", "tokenizer.json"] {
            try directory.write(name, Fixture.bytes("oracle-a/\(name)"))
        }
        #expect(refusal(at: directory.path) == .notRegularFile(file: path, kind: "a directory"))
    }

    @Test func `names a file that is not there`() {
        #expect(refusal(at: "/nonexistent.gguf") == .system(file: "/nonexistent.gguf", operation: "open", code: ENOENT))
    }

    @Test func `follows a link to a file, not to a pipe`() throws {
        let directory = try TemporaryDirectory()
        try directory.write("blob", GGUFBuilder.llama().build())
        #expect(mkfifo(directory.path(of: "pipe"), 0o600) == 0)
        for name in ["blob", "pipe"] {
            #expect(symlink(directory.path(of: name), directory.path(of: "\(name).gguf")) == 0)
        }
        #expect(refusal(at: directory.path(of: "blob.gguf")) == nil)
        #expect(refusal(at: directory.path(of: "pipe.gguf")) != nil)
    }

    @Test func `turns a file that shrinks while in use into an error`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("m.gguf", GGUFBuilder.llama().build())
        let tensor = try #require(try Checkpoint(path: path).tensor(.layer(0, .down)))
        var rows = [UInt8](repeating: 0, count: tensor.byteCount)
        try rows.withUnsafeMutableBytes { try tensor.read(row: 0, count: tensor.rows, into: $0) }
        #expect(truncate(path, 4_096) == 0)
        #expect(throws: CheckpointError.self) {
            try rows.withUnsafeMutableBytes { try tensor.read(row: 0, count: tensor.rows, into: $0) }
        }
    }

    @Test func `reads the rows that it is asked for`() throws {
        let directory = try TemporaryDirectory()
        let builder = GGUFBuilder.llama()
        let path = try directory.write("m.gguf", builder.build())
        let tensor = try #require(try Checkpoint(path: path).tensor(.layer(0, .gate)))
        var rows = [UInt8](repeating: 0, count: 3 * tensor.rowBytes)
        try rows.withUnsafeMutableBytes { try tensor.read(row: 5, count: 3, into: $0) }
        #expect(rows == Array(builder.tensors[8].data[5 * 34..<8 * 34]))
    }
}

import Foundation
import Model
import Testing

/// The oracle checkpoint, as safetensors and as the GGUF that convert_oracle.py makes of it.
struct OracleCheckpointTests {
    private func bytes(_ tensor: StoredTensor, row: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: tensor.rowBytes)
        try bytes.withUnsafeMutableBytes { try tensor.read(row: row, count: 1, into: $0) }
        return bytes
    }

    @Test func `reads the same model from both formats`() throws {
        let safetensors = try Checkpoint(path: Fixture.path("oracle-a"))
        let gguf = try Checkpoint(path: Fixture.path("oracle-a.gguf"))
        #expect(safetensors.parameterCount == gguf.parameterCount)
        #expect(safetensors.warnings.isEmpty && gguf.warnings.isEmpty)
        #expect(safetensors.name == "oracle-a" && gguf.name == "oracle-a")
        var left = safetensors.configuration
        let right = gguf.configuration
        for (a, b) in zip(left.ropeDivisors, right.ropeDivisors) { #expect(abs(a - b) <= 1e-6 * b) }
        #expect(left.ropeDivisors.count == 16 && left.ropeDivisors.last == 32)
        left.ropeDivisors = right.ropeDivisors
        left.normEpsilon = right.normEpsilon
        #expect(left == right)
    }

    @Test func `finds every weight of the one in the other`() throws {
        let safetensors = try Checkpoint(path: Fixture.path("oracle-a"))
        let gguf = try Checkpoint(path: Fixture.path("oracle-a.gguf"))
        for layer in 0..<4 {
            for part in LayerTensor.allCases {
                let left = try #require(safetensors.tensor(.layer(layer, part)))
                let right = try #require(gguf.tensor(.layer(layer, part)))
                #expect(left.rows == right.rows && left.columns == right.columns && left.type == .bf16)
                guard right.type == .bf16 else { continue }
                for row in 0..<left.rows {
                    let stored = right.rotaryLayout?.storedRow(row) ?? row
                    let (expected, found) = (try bytes(left, row: row), try bytes(right, row: stored))
                    #expect(expected == found)
                }
            }
        }
    }

    @Test func `brings the text and the defaults`() throws {
        let safetensors = try Checkpoint(path: Fixture.path("oracle-a"))
        #expect(safetensors.generationDefaults.endIDs == [454, 461, 462])
        #expect(safetensors.generationDefaults.beginID == 453)
        let tokenizer = try Fixture.bytes("oracle-a/tokenizer.json")
        guard case .huggingFace(let files) = safetensors.text else {
            Issue.record("not Hugging Face")
            return
        }
        #expect(files.tokenizer == tokenizer)
        #expect(files.tokenizerConfig != nil && files.chatTemplate?.contains("bos_token") == true)
        guard case .gguf(let text) = try Checkpoint(path: Fixture.path("oracle-a.gguf")).text else {
            Issue.record("not GGUF")
            return
        }
        #expect(text.tokens.count == 709 && text.tokens[453] == "<|begin_of_text|>" && text.tokenTypes[453] == 3)
        #expect(text.merges.first == "e r" && text.chatTemplate == files.chatTemplate)
    }

    @Test func `reads the untied oracle without rope scaling`() throws {
        let model = try Checkpoint(path: Fixture.path("oracle-d")).configuration
        #expect(!model.tiedEmbeddings && model.headSize == 64 && model.groupSize == 1)
        #expect(model.ropeDivisors == Array(repeating: 1, count: 32))
    }
}
